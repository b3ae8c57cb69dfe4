//! Last error.
