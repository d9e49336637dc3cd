"""Jobs on this machine: a folder and a detached supervisor each (see DESIGN, "The local backend")."""
