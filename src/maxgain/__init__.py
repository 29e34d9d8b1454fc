"""Maximum Gain."""
