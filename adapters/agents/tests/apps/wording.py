"""The prompts of an agent in a module of their own."""

SYSTEM = "You serve the customers of a shop for devices.\nCall the one tool that helps."
ABOUT = "This sentence is documentation and goes to no model at all."


def follow_up(request: str) -> str:
    return f"And then? {request}"
