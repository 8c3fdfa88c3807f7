"""Gradient-sign attacks: one pure step a method, and the loop around it."""
