"""Sweeps, models and comparisons that several test modules share."""
