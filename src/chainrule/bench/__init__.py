"""`chainrule bench`: the same work on chainrule, PyTorch and JAX, each in a process of its own, in turns.

The processes of the others import neither chainrule nor its command line, so that their memory and their start are
their own: what runs there (`worker` and what it imports) imports only NumPy and the engine, and has nothing at the top
of the package. `command` is the command line, `turns` runs the processes.
"""
