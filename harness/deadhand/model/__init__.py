"""Pure data: program, history, verdict, case. Imports nothing of ours."""
