"""What each result table holds: columns, types, reader."""
