"""The words of safety engineering and of interpretability for the same things, side by side."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("controller", "a set of heads and neurons that write subspaces of their own"),
    ("process model: what a controller believes", "the subspaces with the role feedback modelling"),
    ("control algorithm", "the circuits that write processing for action and control action"),
    ("control action", "what a control-action subspace holds, and the unembedding hands on"),
    ("feedback", "an input, and the head that copies it into the controller's feedback subspace"),
    ("context: the true state", "a setting of the inputs, or of the process behind them"),
    ("false belief", "a process-model subspace that decodes to something else than the truth"),
    ("unsafe control action", "an output that a rule forbids, or demands, for a set of inputs"),
    ("loss scenario", "an intervention (patch, ablation, edit) whose effect reaches an output"),
    ("authority", "the order of layers, and which weights the access policy leaves open"),
    ("Layer 0", "blocks whose arrays are frozen, and whose ports nothing else can write"),
    ("hazard", "a predicate over the state of the environment"),
)
"""STPA's word, and interpretability's."""
