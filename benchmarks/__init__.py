"""How fast training is, beside a plain loop and the machine's ceiling, and where wall time goes."""
