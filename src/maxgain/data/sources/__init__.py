"""Where image data comes from: official files, a user's own, or what packages carry."""
