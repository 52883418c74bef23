"""PASTA's words, and ours for each of them."""

from __future__ import annotations

from handcrafted.control.stpa import Factor

FACTORS: dict[str, Factor] = {
    "inadequateControlAlgorithm": Factor.ALGORITHM,
    "wrongProcessModel": Factor.PROCESS_MODEL,
    "inconsistentProcessModel": Factor.PROCESS_MODEL,
    "incorrectInformationProvided": Factor.FEEDBACK_INADEQUATE,
    "measurementInaccurate": Factor.FEEDBACK_INADEQUATE,
    "inadequateFeedback": Factor.FEEDBACK_INADEQUATE,
    "missingFeedback": Factor.FEEDBACK_NOT_RECEIVED,
    "delayedFeedback": Factor.FEEDBACK_DELAYED,
    "feedbackDelay": Factor.FEEDBACK_DELAYED,
    "controlAction": Factor.ACTION_NOT_RECEIVED,
    "inadequateOperation": Factor.ACTION_NOT_CARRIED_OUT,
    "componentFailure": Factor.CONTROLLER_FAILS,
    "delayedOperation": Factor.ACTION_DELAYED,
    "conflictingCA": Factor.CONFLICTING_ACTIONS,
    "conflictingControlActions": Factor.CONFLICTING_ACTIONS,
    "changesOverTime": Factor.PROCESS_CHANGED,
    "disturbance": Factor.PROCESS_DISTURBED,
    "unidentifiedDisturbance": Factor.PROCESS_DISTURBED,
    "wrongInput": Factor.CONTROL_INPUT,
    "missingInput": Factor.CONTROL_INPUT,
    "unsafeInput": Factor.CONTROL_INPUT,
}
"""Our word for each of theirs."""

TYPES = {
    "not-provided": "not provided", "provided": "provided", "too-early": "too early", "too-late": "too late",
    "wrong-time": "out of order", "stopped-too-soon": "stopped too soon", "applied-too-long": "applied too long",
}  # fmt: skip

SECTIONS = {
    "controlActions": "control actions", "feedback": "feedback", "input": "other inputs", "output": "other outputs",
}  # fmt: skip

ORDER = {
    "out of order": ("wrong order", "out of order"),
    "too late": ("late", "delay"),
    "too early": ("early", "before"),
}
DURATION = {"applied too long": ("too long", "continue", "keeps"), "stopped too soon": ("stop", "soon", "before")}
"""Words by which a type is told."""
