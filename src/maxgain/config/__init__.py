"""The configuration of a replication, typed; nothing heavy is imported."""
