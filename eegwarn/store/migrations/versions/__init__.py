"""One file a state of the schema; none is changed once a release holds it."""
