"""Where something can fail, one kind of place to a file: how, in which words, and which causal factor that is.

`catalogue` lists them.
"""
