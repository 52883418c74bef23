"""Random valid control structures: nested, with peers, cycles through the recurrence and several labels per arrow."""

from hypothesis import strategies as st

from handcrafted.control.structure import ControlStructure

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
