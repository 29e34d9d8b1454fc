"""Rules that say when to stop a training, replayed on stored curves and judged by regret."""
