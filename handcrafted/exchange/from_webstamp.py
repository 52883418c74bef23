"""A structure from a project that WebSTAMP exports as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from handcrafted.exchange.imported import Imported, apart, imported, one_line, sentence
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import counted, shown

TYPES = {
    "provided": "provided", "not provided": "not provided", "wrong time or order": "out of order",
    "provided too early": "too early", "provided too late": "too late", "stopped too soon": "stopped too soon",
    "applied too long": "applied too long",
}  # fmt: skip

LEVELS = {"controller": 0, "actuator": 1, "sensor": 1, "controlled_process": 2}
KINDS = {"controlled_process": "process"}

DROPPED = {"missions": "mission", "system_goals": "system goal"}


def from_webstamp(text: str, origin: str) -> Imported:
    """Read a structure from WebSTAMP's JSON.

    Raises:
        HandcraftedError: if it is no such JSON, or makes no valid structure.
    """
    try:
        project = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise HandcraftedError(f"{origin}{line}: Expected JSON, got other text. Export the project anew.") from None
    if not isinstance(project, dict) or "controllers" not in project or "controlled_process" not in project:
        raise HandcraftedError(
            f"{origin}: Expected a project that WebSTAMP exported, with `controllers` and `controlled_process`, got "
            "other JSON. Export the project as JSON."
        )
    try:
        return _Reading(project, origin).done()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, HandcraftedError):
            raise
        raise HandcraftedError(
            f"{origin}: Expected WebSTAMP's fields, got {type(error).__name__} at {shown(str(error))}. Export it anew."
        ) from None


class _Reading:
    """Builds the data of one file of ours, and notes what gets lost and what is taken."""

    def __init__(self, project: Mapping[str, Any], origin: str):
        self.project, self.origin = project, origin
        self.taken: list[str] = []
        parts = [*(("controller", one) for one in project["controllers"])]
        parts += [(kind, one) for kind in ("actuator", "sensor") for one in project.get(f"{kind}s", ())]
        parts.append(("controlled_process", project["controlled_process"]))
        self.parts = {(kind, one["id"]): one for kind, one in parts}
        labels = apart((f"{kind} {id}", one_line(one["name"], kind)) for (kind, id), one in self.parts.items())
        self.boxes = {key: labels[f"{key[0]} {key[1]}"] for key in self.parts}
        self.states = {
            state["id"]: (one_line(variable["name"], "variable"), one_line(state["name"], "state"))
            for _, one in self._of("controller")
            for variable in one.get("variables", ())
            for state in variable.get("states", ())
        }

    def _of(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((self.boxes[key], one) for key, one in self.parts.items() if key[0] == kind)

    def done(self) -> Imported:
        project = self.project
        found: dict[str, Any] = {"name": one_line(project.get("name", ""), "project")}
        found["losses"] = {f"L-{one['id']}": sentence(one["name"], "?") for one in project.get("losses", ())}
        found["hazards"] = {
            f"H-{one['id']}": {
                "text": sentence(one["name"], "?"),
                "losses": [f"L-{to['loss_id']}" for to in one.get("losseshazards_relations", ())],
            }
            for one in project.get("hazards", ())
        }
        found["constraints"] = {
            f"SC-{one['id']}": {
                "text": sentence(one["name"], "?"),
                "hazards": [f"H-{to['hazard_id']}" for to in one.get("system_safety_constraint_hazards_relations", ())],
            }
            for one in project.get("system_safety_constraints", ())
        }
        found["assume"] = {
            f"A-{one['id']}": {"text": sentence(one["name"], "?")} for one in project.get("assumptions", ())
        }
        found["components"] = {self.boxes[key]: self._component(key) for key in self.parts}
        found |= self._links()
        rules = list(self._rules())
        found["unsafe control actions"] = [rule for rule, _ in rules]
        found["controller constraints"] = {
            f"CC-{rule['id'].removeprefix('UCA-')}": {"text": duty, "for": rule["id"]} for rule, duty in rules if duty
        }
        return imported({k: v for k, v in found.items() if v}, self.origin, self._dropped(), self.taken)

    def _dropped(self) -> Iterator[str]:
        for field, word in DROPPED.items():
            if items := self.project.get(field):
                yield counted(len(items), word)
        actions = [action for _, one in self._of("controller") for action in one.get("controlactions", ())]
        rules = [rule for action in actions for rule in action.get("safety_constraints", ())]
        if rows := sum(len(action.get("context_tables", ())) for action in actions):
            yield f"{counted(rows, 'row')} of context tables: `analyse` enumerates contexts from the rules"
        if causes := sum(len(rule.get("causal_analysis") or ()) for rule in rules):
            yield f"causal analysis: {causes}"

    def _component(self, key: tuple[str, int]) -> dict[str, Any]:
        kind, one = key[0], self.parts[key]
        found: dict[str, Any] = {"kind": KINDS.get(kind, kind), "level": LEVELS[kind]}
        if kind == "controller" and (variables := one.get("variables")):
            found["process model"] = {
                one_line(variable["name"], "variable"): {
                    "values": [one_line(state["name"], "state") for state in variable["states"]]
                }
                for variable in variables
                if variable.get("states")
            }
        return found

    def _links(self) -> dict[str, list[dict[str, str]]]:
        """Return the arrows: connections carry a controller's actions away from it, and its variables back to it."""
        ends = [
            ((one["type_output"], one["output_component_id"]), (one["type_input"], one["input_component_id"]))
            for one in self.project.get("connections", ())
        ]
        ends = [pair for pair in ends if pair[0] in self.parts and pair[1] in self.parts]
        process = ("controlled_process", self.project["controlled_process"]["id"])
        for actuator in (key for key in self.parts if key[0] == "actuator"):
            if not any(sender == actuator for sender, _ in ends):
                ends.append((actuator, process))
                self.taken.append(f"{self.boxes[actuator]} acts on {self.boxes[process]}")
        actions, feedback = [], []
        for sender, receiver in ends:
            arrow = {"from": self.boxes[sender], "to": self.boxes[receiver]}
            back = sender[0] in ("sensor", "controlled_process")
            for name in self._carried(receiver if back else sender, ends, back):
                (feedback if back else actions).append({"name": name, **arrow})
        if feedback:
            self.taken.append("the feedback's names, which are those of the variables that it is for")
        return {"control actions": actions, "feedback": feedback}

    def _carried(self, key: tuple[str, int], ends: list, back: bool) -> list[str]:
        """Name what goes along an arrow: the actions of the controllers before it, or the variables of those behind."""
        near, waiting = [], [key]
        for one in waiting:
            near += [one] if one[0] == "controller" else []
            if one[0] != "controller":
                steps = [to if back else by for by, to in ends if (by if back else to) == one]
                waiting += [step for step in steps if step not in waiting]
        field = "variables" if back else "controlactions"
        return list(
            dict.fromkeys(one_line(item["name"], "?") for own in near for item in self.parts[own].get(field, ()))
        )

    def _rules(self) -> Iterator[tuple[dict[str, Any], str]]:
        for box, controller in self._of("controller"):
            for action in controller.get("controlactions", ()):
                for rule in action.get("safety_constraints", ()):
                    said = str(rule.get("type", "")).lower()
                    if said not in TYPES:
                        self.taken.append(f"the type of rule {rule['id']}, which says {shown(said)}: provided")
                    context = dict(self.states[int(id)] for id in str(rule.get("context", "")).split(",") if id.strip())
                    to = rule.get("rules_safety_constraints_hazards_relations", ())
                    found = {
                        "id": f"UCA-{rule['id']}", "by": box, "action": one_line(action["name"], "action"),
                        "type": TYPES.get(said, "provided"), "context": context,
                        "hazards": list(dict.fromkeys(f"H-{one['hazard_id']}" for one in to)),
                        "text": sentence(rule.get("unsafe_control_action") or "", ""),
                    }  # fmt: skip
                    yield {key: value for key, value in found.items() if value}, rule.get("safety_constraint") or ""
