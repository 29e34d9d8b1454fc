"""Figures: each draws one picture from tables and arrays, and measures nothing."""

from maxgain.figures.backend import import_matplotlib

# The one place that runs before any `import matplotlib` of this package.
import_matplotlib()
