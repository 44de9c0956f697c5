"""One module for each command. They are imported for ``--help`` too, so they import next to nothing."""
