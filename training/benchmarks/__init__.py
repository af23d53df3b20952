"""Tables of the documentation, each repeated by `eegwarn benchmark NAME`."""
