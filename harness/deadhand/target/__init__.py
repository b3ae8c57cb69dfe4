"""The user's API: Target, Handle, the decorators, hostile values; how a plan is read and loaded."""
