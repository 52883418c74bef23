"""From a file to a control structure that can be trusted to make sense: parsed, resolved, checked, in this order.

`yamlfile` reads a file into a `structure`, `resolve` fills in what it leaves out, `rules` check the result, and
`control_structure` puts the three together.
"""
