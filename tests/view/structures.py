"""Control structures that the drawing tests share."""

from itertools import pairwise

import numpy as np

from handcrafted.control.resolved import LinkId
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.verdict.comparison import Comparison, LinkVerdict, Status


def component(kind, level, **more):
    return {"kind": kind, "level": level, **{key.replace("_", " "): value for key, value in more.items()}}


def link(name, sender, receiver, **more):
    ends = {key: end for key, end in (("from", sender), ("to", receiver)) if end}
    return {"name": name, **ends, **more}


def lane_keeping():
    """Three levels of controllers, actuator, sensor, a request, other inputs and outputs, several names per arrow."""
    controllers = {
        "driver": component("controller", 0),
        "supervisor": component(
            "controller",
            1,
            control_algorithm={
                "motor power": {"law": "guard", "gates": "power request", "permit": {"mode request": "on"}, "safe": 0}
            },
            process_model={"mode request": {"values": ["off", "on"]}, "lane seen": {"values": ["no", "yes"]}},
        ),
        "steering": component("controller", 2, process_model={"offset": {"range": [-2, 2], "unit": "m & <b>"}}),
    }
    return ControlStructure.model_validate(
        {
            "name": "lane keeping",
            "components": {
                **controllers,
                "motor": component("actuator", 3),
                "camera": component("sensor", 3),
                "vehicle": component("process", 4),
            },
            "control actions": [
                link("mode request", "driver", "supervisor"),
                link("enable steering", "supervisor", "steering"),
                link("motor power", "supervisor", "motor"),
                link("steering angle", "steering", "motor"),
                link("torque", "motor", "vehicle"),
            ],
            "requests": [link("power request", "steering", "supervisor")],
            "feedback": [
                link("mode", "supervisor", "driver"),
                link("steering state", "steering", "supervisor"),
                link("lane seen", "camera", "supervisor"),
                link("offset", "camera", "steering"),
                link("position", "vehicle", "camera"),
                link("heading", "vehicle", "camera"),
            ],
            "other inputs": [link("scene", None, "driver")],
            "other outputs": [link("warning light", "supervisor", None)],
        }
    )


def nested():
    """Boxes inside boxes, with links to the outer ones."""
    return ControlStructure.model_validate(
        {
            "name": "airline",
            "components": {
                "regulator": component("controller", 0),
                "airline": component("controller", 1),
                "crew": component("controller", 2, inside="airline"),
                "captain": component("controller", 3, inside="crew"),
                "aircraft": component("process", 4),
            },
            "control actions": [
                link("certificate", "regulator", "airline"),
                link("maintenance", "airline", "aircraft"),
                link("thrust", "captain", "aircraft"),
            ],
            "feedback": [link("reports", "airline", "regulator"), link("speed", "aircraft", "captain")],
        }
    )


def peers():
    """Two controllers of one level that command and inform each other."""
    return ControlStructure.model_validate(
        {
            "name": "peers",
            "components": {"left": component("controller", 0), "right": component("controller", 0)},
            "control actions": [link("hold", "left", "right")],
            "feedback": [link("intent", "right", "left")],
            "other inputs": [link("seen", None, "left"), link("heard", None, "right")],
        }
    )


def comparison(structure=None):
    """Every status at least once."""
    structure = structure or lane_keeping()
    counted = [link.id for link in structure.resolved.links if link.counted]
    outcomes = {0: (Status.MISSING, "no head copies it"), 1: (Status.WRONG, "sign is -1")}
    verdicts = [LinkVerdict(id, *outcomes.get(k, (Status.FOUND, ""))) for k, id in enumerate(counted)]
    first, *_, last = structure.components
    leak = LinkId(LinkKind.FEEDBACK, last, first, "leak")
    verdicts.append(LinkVerdict(leak, Status.EXTRA, "a head reads it"))
    outside = tuple(link.id for link in structure.resolved.links if not link.counted)
    return Comparison(links=tuple(verdicts), structure=structure, readouts={}, outside=outside)


METRO = (
    ("regulator",),
    ("operations director", "safety officer", "maintenance planning"),
    ("dispatcher north", "dispatcher south", "traffic management", "depot controller"),
    ("train driver", "train operation", "train protection", "door controller", "passenger information", "supervision"),
    ("brakes", "emergency brakes", "signals", "speed sensor", "door sensor", "track circuit", "motors", "doors"),
)
ACROSS = (
    ("control actions", "safety officer", "train protection"),
    ("control actions", "regulator", "traffic management"),
    ("control actions", "train operation", "door controller"),
    ("feedback", "door controller", "train protection"),
    ("feedback", "speed sensor", "train driver"),
    ("feedback", "dispatcher north", "dispatcher south"),
    ("feedback", "dispatcher south", "dispatcher north"),
    ("feedback", "track circuit", "dispatcher south"),
    ("control actions", "dispatcher north", "brakes"),
)
SAID = ("permission to proceed", "speed limit", "delay report", "doors closed and locked by the guard on duty")


def metro():
    """Boxes on five heights, three inside a box, each under a superior, with peers, cycles and long labels."""
    kinds = [*["controller"] * 4, "actuator"]
    parts = {
        name: component("sensor" if "sensor" in name or "circuit" in name else kinds[level], level)
        for level, names in enumerate(METRO)
        for name in names
    }
    onboard = ("train operation", "train protection", "door controller")
    parts |= {name: component("controller", 3, inside="onboard unit") for name in onboard}
    parts |= {"onboard unit": component("controller", 3), "passengers": component("process", 4)}
    ways = [*ACROSS, ("feedback", "passengers", "passenger information")]
    for uppers, lowers in pairwise(METRO):
        for place, lower in enumerate(lowers):
            upper = uppers[place * len(uppers) // len(lowers)]
            ways += [("control actions", upper, lower)] if parts[lower]["kind"] != "sensor" else []
            ways += [("feedback", lower, upper)] if parts[lower]["kind"] != "actuator" else []
    links: dict[str, list] = {"control actions": [], "feedback": []}
    for number, (kind, sender, receiver) in enumerate(ways):
        texts = SAID[: 1 + number % len(SAID)] if number % 5 == 0 else [SAID[number % len(SAID)]]
        links[kind] += [link(f"{text} {number}", sender, receiver) for text in texts]
    groups = {"field": [*METRO[4], "passengers"], "offices": [*METRO[1], *METRO[2]]}
    return ControlStructure.model_validate({"name": "metro line", "components": parts, "groups": groups, **links})


def drawn_at_random(seed):
    """Return a structure of 4 to 30 boxes, all of it chosen by a seed: levels, peers, nesting, sides, long names."""
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 31))
    levels = sorted(int(level) for level in random.integers(0, max(2, count // 4) + 1, count))
    words = "speed door brake pressure valve position request mode power temperature of the left side unit".split()
    phrase = lambda: " ".join(random.choice(words, int(random.integers(1, 4))))
    names = [f"{phrase()} {k}" for k in range(count)]
    outer = names[int(random.integers(1, count - 2))] if random.random() < 0.5 and count > 6 else None
    components = {}
    for k, (name, level) in enumerate(zip(names, levels, strict=True)):
        kind = "process" if level == max(levels) else "controller"
        components[name] = component(kind, level)
        inside = outer is not None and names.index(outer) < k < names.index(outer) + 4
        if inside and components[outer]["kind"] == "controller" == kind:
            components[name]["inside"] = outer
    fields = {"name": f"drawn {seed}", "components": components, "control actions": [], "feedback": []}
    for k in range(1, count):
        higher = [j for j in range(count) if levels[j] < levels[k]]
        if not higher:
            continue
        above = names[int(random.choice(higher[-4:]))]
        fields["control actions"].append(link(f"{phrase()} a{k}", above, names[k]))
        if random.random() < 0.7:
            fields["feedback"].append(link(f"{phrase()} f{k}", names[k], above))
        if random.random() < 0.2:
            fields["feedback"].append(link(f"{phrase()} g{k}", names[k], names[int(random.choice(higher))]))
    for j, k in pairwise(range(count)):
        if levels[j] == levels[k] < max(levels) and random.random() < 0.25:
            fields["feedback"].append(link(f"{phrase()} p{k}", names[j], names[k]))
    controllers = [name for name in names if components[name]["kind"] == "controller"]
    fields["other inputs"] = [link(f"{phrase()} i{n}", None, n) for n in controllers if random.random() < 0.2]
    fields["other outputs"] = [link(f"{phrase()} o{n}", n, None) for n in controllers if random.random() < 0.15]
    return ControlStructure.model_validate({key: value for key, value in fields.items() if value})
