"""Callbacks for other libraries' training loops; each module needs the library of its name."""
