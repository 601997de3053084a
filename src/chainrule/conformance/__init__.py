"""This library held against PyTorch: a record for every operator and module, and the examples that are drawn from it.

    record     what an operator promises: samples, draws, errors, known differences
    layer      what a module promises
    operators  the records of operators, a file for each file of `chainrule.ops`
    modules    the records of modules, a file for each file of `chainrule.nn`
    spelling   a call as people write it: by position or by name
    compare    one call, here and in PyTorch
    examples   many calls, drawn by Hypothesis
    command    `chainrule check --conformance`

Hypothesis is needed to import most of it, PyTorch to compare: neither is needed to use chainrule.
"""
