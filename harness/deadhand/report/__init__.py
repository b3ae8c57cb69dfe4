"""Events in; what a person or a machine reads out. Only this package and `cli` may print."""
