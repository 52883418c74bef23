"""Names that a person, or another tool, may well give, and that something on the way could take for more than text."""

from handcrafted.loading.control_structure import ControlStructure

NASTY = (
    "<b>&\"'\\", "a|b", "]]>", "{x}", "ключ", "日本", "#1", "a -> b: c", "🚪", "back\\nslash", "=1+1", "[/x]:smile:",
    "$a$ $\\frac$", "it's", "100%", "-->", "x\\", "`a`*b*_c_", '"', "é", "heat#2", "all", "L0N1", "end > 1", "a.b",
    "null", "~", "<<", "- x", "yes", "1e3", "@x", "- 1", "a  b", "\u200dx\u00a0y", "next", "?a", ":a",
)  # fmt: skip


def turned(by):
    """Return the names in another order, so that each comes to stand in another place."""
    return (*NASTY[by:], *NASTY[:by])


def nasty(names=NASTY):
    """Return a structure of two controllers and a tank that has such names wherever it has names."""
    boss, keeper, tank, level, act, goal, report, no, yes, unit, whole, *others = names[:17]
    loss, hazard, constraint, uca, group, duty = others
    words, on = {"values": [no, yes]}, lambda name: {name: yes}
    table = lambda *rows: {"law": "decision table", "when": list(rows)}
    above = lambda bound: {level: {"above": bound}}
    return ControlStructure.model_validate(
        {
            "name": whole,
            "losses": {loss: "harm <b> & | *x*"},
            "hazards": {hazard: {"text": "too full, $x$", "losses": [loss], "when": above(9.5)}},
            "constraints": {constraint: {"text": "not too full", "hazards": [hazard]}},
            "components": {
                boss: {
                    "kind": "controller",
                    "level": 0,
                    "process model": {report: {**words, "reads": [report]}},
                    "control algorithm": {goal: table(on(report))},
                },
                keeper: {
                    "kind": "controller",
                    "level": 1,
                    "responsibilities": {duty: {"text": "`stop` it", "constraints": [constraint]}},
                    "process model": {
                        level: {"range": [0, 10], "unit": unit, "reads": [level]},
                        goal: {**words, "reads": [goal]},
                    },
                    "control algorithm": {act: table({**above(5), **on(goal)}, above(8)), report: table(above(7))},
                },
                tank: {
                    "kind": "process",
                    "level": 2,
                    "dynamics": {
                        "law": "tank",
                        "output": level,
                        "inputs": {act: -2},
                        "area": 5,
                        "initial": 4,
                        "disturbance": [0.5, 1.5],
                    },
                },
            },
            "control actions": [
                {"name": goal, "from": boss, "to": keeper, **words},
                {"name": act, "from": keeper, "to": tank, **words},
            ],
            "feedback": [
                {"name": level, "from": tank, "to": keeper, "range": [0, 10], "unit": unit, "resolution": 0.125},
                {"name": report, "from": keeper, "to": boss, **words},
            ],
            "unsafe control actions": [
                {
                    "id": uca,
                    "by": keeper,
                    "action": act,
                    "type": "not provided",
                    "context": above(8),
                    "hazards": [hazard],
                }
            ],
            "groups": {group: [boss, keeper]},
        }
    )
