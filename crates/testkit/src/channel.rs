//! A fake of the port and its conformance suite.
