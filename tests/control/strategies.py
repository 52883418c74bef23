"""Random valid control structures: nested, with peers, cycles through the recurrence and several labels per arrow."""

from hypothesis import strategies as st

from handcrafted.loading.control_structure import ControlStructure

DOMAINS = st.sampled_from(
    [{}, {"values": ["no", "yes"]}, {"values": ["low", "mid", "high"]}, {"range": [0, 40], "unit": "degC"}]
)


@st.composite
def structures(draw, most=8):
    """Draw a structure of 2 to `most` components whose laws can all be built."""
    count = draw(st.integers(2, most))
    names = [f"part {i}" for i in range(count)]
    parts = {}
    for i, name in enumerate(names):
        kind = draw(st.sampled_from(["controller", "controller", "process", "sensor", "actuator"]))
        parts[name] = {"kind": kind, "level": draw(st.integers(0, 3))}
        if i and draw(st.booleans()):
            parts[name]["inside"] = names[draw(st.integers(0, i - 1))]
    links = {"control actions": [], "feedback": [], "other inputs": [], "other outputs": []}
    for one in names:
        for two in names:
            if one != two:
                _between(draw, parts, links, one, two)
    for name in names:
        if draw(st.integers(0, 4)) == 0:
            links["other inputs"].append({"name": "order", "to": name, **draw(DOMAINS)})
        if draw(st.integers(0, 4)) == 0:
            links["other outputs"].append({"name": "light", "from": name, **draw(DOMAINS)})
    groups = {"group": names[: draw(st.integers(1, count))]} if draw(st.booleans()) else {}
    return ControlStructure.model_validate(
        {"name": "drawn", "components": parts, "groups": groups, **{k: v for k, v in links.items() if v}}
    )


def _between(draw, parts, links, one, two):
    for label in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        up = parts[one]["level"] >= parts[two]["level"]
        kind = "feedback" if up or draw(st.booleans()) else "control actions"
        domain = draw(DOMAINS) if parts[one]["kind"] == "controller" else {}
        links[kind].append({"name": f"{kind[0]}{label}", "from": one, "to": two, **domain})


TO_REAL = (
    ("linear", {"constant": 0.5}),
    ("saturation", {"low": -1.5, "high": 2.0}),
    ("integrator", {"gain": 1.0, "low": -2.0, "high": 3.0}),
    ("delay", {"steps": 3}),
    ("pid", {"kp": 2.0, "ki": 1.0, "kd": 1.0, "low": -3.0}),
    ("difference", {"steps": 2}),
)
TO_BIT = (
    ("comparator", {"above": 0.75}),
    ("comparator", {"below": -1.0}),
    ("hysteresis", {"on below": -1.0, "off above": 1.0}),
    ("hysteresis", {"on above": 1.0, "off below": 0.0}),
)


@st.composite
def lawful(draw, most=4):
    """Draw a chain of command of 1 to `most` controllers over one plant, each decision by a random law.

    All gains are whole numbers, so that all numbers stay multiples of 1/4, which float32 computes exactly.
    """
    count = draw(st.integers(1, most))
    names = [f"c{i}" for i in range(count)]
    real, bit = {"range": [-8, 8]}, st.sampled_from([{"range": [0, 1]}, {"values": ["no", "yes"]}])
    actions, feedback = [], []
    for i, name in enumerate(names):
        feedback.append({"name": f"m{i}", "from": "plant", "to": name, "range": [-4, 4], "resolution": 0.25})
        actions.append({"name": f"a{i}", "from": name, "to": "plant", **draw(st.one_of(st.just(real), bit))})
        for below in names[i + 1 :]:
            if draw(st.booleans()):
                actions.append({"name": f"goal of {name}", "from": name, "to": below, **real})
            if draw(st.booleans()):
                feedback.append({"name": f"report of {below}", "from": below, "to": name, **real})
    parts: dict = {"plant": {"kind": "process", "level": count}}
    for i, name in enumerate(names):
        arriving = [link["name"] for link in (*actions, *feedback) if link["to"] == name]
        leaving = {link["name"]: link for link in (*actions, *feedback) if link["from"] == name}
        entries = {sent: _law(draw, link, arriving) for sent, link in leaving.items()}
        parts[name] = {"kind": "controller", "level": i, "control algorithm": entries}
    links = {"control actions": actions, "feedback": feedback}
    return ControlStructure.model_validate({"name": "drawn", "components": parts, **links})


def _law(draw, link, arriving):
    read = draw(st.sampled_from(arriving))
    law, parameters = draw(st.sampled_from(TO_REAL if link.get("range") == [-8, 8] else TO_BIT))
    gains = {"gains": {read: draw(st.sampled_from([-1.0, 1.0]))}} if law == "linear" else {}
    return {"law": law, "reads": [read], "parameters": {**parameters, **gains}}


@st.composite
def published(draw, most=30):
    """Draw a structure as people publish them: up to `most` boxes, two arrows each, nested, with peers and cycles.

    Some variables have values, some controllers have a process model that leaves something out, most have no laws.
    """
    count = draw(st.integers(1, most))
    names = [f"part {i}" for i in range(count)]
    parts: dict[str, dict] = {}
    for i, name in enumerate(names):
        kinds = ["controller"] * 5 + ["process", "sensor", "actuator"]
        parts[name] = {"kind": draw(st.sampled_from(kinds)) if i else "controller", "level": draw(st.integers(0, 4))}
        if i and draw(st.integers(0, 3)) == 0:
            parts[name]["inside"] = names[draw(st.integers(0, i - 1))]
    links: dict[str, list] = {"control actions": [], "feedback": [], "other inputs": [], "other outputs": []}
    for number in range(draw(st.integers(0, 2 * count)) if count > 1 else 0):
        one, two = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        up = parts[one]["level"] > parts[two]["level"]
        kind = "feedback" if up or draw(st.integers(0, 3)) == 0 else "control actions"
        for label in range(draw(st.sampled_from([1, 1, 2]))):
            domain = draw(DOMAINS) if parts[one]["kind"] == "controller" else {}
            links[kind].append({"name": f"{kind[0]}{number} {label}", "from": one, "to": two, **domain})
    for name in names:
        if draw(st.integers(0, 5)) == 0:
            links["other inputs"].append({"name": "order", "to": name, **draw(DOMAINS)})
    for name, part in parts.items():
        if part["kind"] == "controller" and draw(st.booleans()):
            arriving = [link["name"] for kind in links for link in links[kind] if link.get("to") == name]
            read = [link for link in arriving if draw(st.integers(0, 3))]
            part["process model"] = {f"about {link}": {"reads": [link]} for link in read}
            part["process model"]["guess"] = {"values": ["right", "wrong"], "reads": arriving[:1]} if arriving else {}
    return ControlStructure.model_validate(
        {"name": "drawn", "components": parts, **{k: v for k, v in links.items() if v}}
    )
