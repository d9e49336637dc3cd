"""Jobs on this machine: a folder and a detached supervisor each (see DESIGN, "The local backend").

Kept empty: the supervisor is started through this package and must be light.
"""
