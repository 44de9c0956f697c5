"""The simulated reflection model: reads a reflection prompt, rewrites the instruction in it."""
