"""The words of the project: roles, kinds of links and components."""

from __future__ import annotations

from enum import StrEnum

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

WINDOW = 16
"""How many steps a head sees, the present one included, unless a model says otherwise."""


class Role(StrEnum):
    """What a circuit does for its controller, and the name of the subspaces that it writes.

    Example:
        >>> from handcrafted.control.vocabulary import Role
        >>> [str(role) for role in Role]
        ['feedback', 'feedback_modelling', 'processing_for_action', 'control_action']
    """

    FEEDBACK = "feedback"
    FEEDBACK_MODELLING = "feedback_modelling"
    PROCESSING_FOR_ACTION = "processing_for_action"
    CONTROL_ACTION = "control_action"

    @classmethod
    def _missing_(cls, value: object) -> None:
        """Say what the roles are."""
        raise HandcraftedError(f"Expected a role out of {', '.join(cls)}, got {shown(value)}. Use one of them.")


class LinkKind(StrEnum):
    """The five kinds of arrows in a control structure."""

    CONTROL_ACTION = "control action"
    REQUEST = "request"
    FEEDBACK = "feedback"
    OTHER_INPUT = "other input"
    OTHER_OUTPUT = "other output"


class ComponentKind(StrEnum):
    """The four kinds of boxes in a control structure."""

    CONTROLLER = "controller"
    PROCESS = "process"
    ACTUATOR = "actuator"
    SENSOR = "sensor"
