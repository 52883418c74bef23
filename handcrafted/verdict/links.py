"""Hold one recovered graph against the intended one, link by link."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.control.resolved import LinkId, Resolved, ResolvedLink
from handcrafted.control.signal_graph import link_edges
from handcrafted.control.vocabulary import LinkKind, Role
from handcrafted.readout.tolerances import GAIN_TOLERANCE
from handcrafted.verdict.comparison import LinkVerdict, Status, Verdicts


def judge(resolved: Resolved, intended: SignalGraph, recovered: SignalGraph, structural: bool = True) -> Verdicts:
    """Return the verdict on every counted link, and on every recovered link that nobody intended.

    Args:
        resolved: what is intended.
        intended: its signal-flow graph.
        recovered: the graph of one readout.
        structural: whether a link also needs something of its sender that reaches it; an intervention cannot see
            that where the sender's own feedback is cut and nothing varies any more.
    """
    chains = {link.id: link_edges(link) for link in resolved.links if link.counted}
    links = {link.id: link for link in resolved.links}
    explained: set[tuple[Signal, Signal, int]] = {edge.key for edge in intended.edges}
    verdicts = []
    for id, chain in chains.items():
        verdict, seen = _judge_link(links[id], chain, intended, recovered, structural)
        verdicts.append(verdict)
        explained |= {edge.key for edge in seen}
    extra = {id: reason for id, reason in _extra(links, intended, recovered, explained)}
    verdicts += [LinkVerdict(id, Status.EXTRA, reason) for id, reason in extra.items()]
    return Verdicts(tuple(verdicts))


def _judge_link(
    link: ResolvedLink, chain: list[Edge], intended: SignalGraph, recovered: SignalGraph, structural: bool
) -> tuple[LinkVerdict, list[Edge]]:
    """Judge a link by the edges that it is made of; also give the unintended edges that explain what is wrong."""
    strays = [edge for wanted in chain for edge in _other_lags(wanted, intended, recovered)]
    for wanted in chain:
        found = recovered.edge(*wanted.key)
        if found is None:
            verdict, astray = _absent(link, wanted, intended, recovered)
            return verdict, [*strays, *astray]
        if reason := _deviation(wanted, found):
            return LinkVerdict(link.id, Status.WRONG, reason), strays
    if strays:
        lags = ", ".join(str(edge.lag) for edge in strays)
        return LinkVerdict(link.id, Status.WRONG, f"{link.id.name} arrives also with lag {lags}"), strays
    port = chain[0].source
    fed = recovered.arriving(port) or not intended.arriving(port)
    if structural and link.sent_by_controller and not fed:
        return LinkVerdict(link.id, Status.MISSING, f"nothing of {link.id.sender} reaches {port.name}"), []
    return LinkVerdict(link.id, Status.FOUND), []


def _deviation(wanted: Edge, found: Edge) -> str:
    """Say in what an edge differs from carrying its signal unchanged; readouts without gains are not judged."""
    if found.sign is None or (found.sign == wanted.sign and found.gain is None):
        return ""
    if found.sign == 0:
        return f"{wanted.source.name} arrives with its values mixed"
    if found.sign != wanted.sign:
        gain = "" if found.gain is None else f" (gain {found.gain:.4g})"
        return f"{wanted.source.name} arrives with its sign flipped{gain}"
    if found.gain is None or wanted.gain is None:
        return ""
    if not abs(found.gain - wanted.gain) <= GAIN_TOLERANCE * abs(wanted.gain):
        return f"{wanted.source.name} arrives with gain {found.gain:.4g} instead of {wanted.gain:g}"
    return ""


def _absent(
    link: ResolvedLink, wanted: Edge, intended: SignalGraph, recovered: SignalGraph
) -> tuple[LinkVerdict, list[Edge]]:
    """Tell a link that is cut from one that arrives late or elsewhere."""
    if late := _other_lags(wanted, intended, recovered):
        lags = ", ".join(str(edge.lag) for edge in late)
        reason = f"{wanted.source.name} arrives with lag {lags} instead of {wanted.lag}"
        return LinkVerdict(link.id, Status.WRONG, reason), late
    astray = [
        edge
        for edge in recovered.leaving(wanted.source)
        if intended.edge(*edge.key) is None
        and (edge.target.owner, edge.target.role) == (wanted.target.owner, wanted.target.role)
        and wanted.source.owner != wanted.target.owner
    ]
    if astray or (astray := _turned(wanted, intended, recovered)):
        where = ", ".join(f"{edge.source.name} -> {edge.target.name}" for edge in astray)
        return LinkVerdict(
            link.id, Status.WRONG, f"wired {where} instead of {wanted.source.name} -> {wanted.target.name}"
        ), astray
    reason = f"nothing carries {wanted.source} to {wanted.target}"
    return LinkVerdict(link.id, Status.MISSING, reason), []


def _other_lags(wanted: Edge, intended: SignalGraph, recovered: SignalGraph) -> list[Edge]:
    """Return the unintended edges between the same two signals at other lags."""
    same = (edge for edge in recovered.leaving(wanted.source) if edge.target == wanted.target)
    return [edge for edge in same if intended.edge(*edge.key) is None]


def _turned(wanted: Edge, intended: SignalGraph, recovered: SignalGraph) -> list[Edge]:
    """Return an unintended edge of the same kind that arrives where the wanted one should, or runs the other way."""
    back = recovered.edge(wanted.target, wanted.source, wanted.lag)
    same = (wanted.source.owner, wanted.source.role)
    instead = [
        edge
        for edge in recovered.arriving(wanted.target)
        if intended.edge(*edge.key) is None and (edge.source.owner, edge.source.role) == same
    ]
    return [back] if back else instead


def _extra(
    links: dict[LinkId, ResolvedLink], intended: SignalGraph, recovered: SignalGraph, explained: set
) -> Iterator[tuple[LinkId, str]]:
    """Return the links that cross from one owner to another and that nobody intended."""
    for edge in recovered.edges:
        if edge.key in explained or not crosses(edge):
            continue
        yield _id_of(edge, links), f"{edge.source} is read into {edge.target} at lag {edge.lag}"


def crosses(edge: Edge) -> bool:
    """Whether an edge runs between owners, or enters or leaves the network."""
    return edge.source.owner != edge.target.owner or edge.source.role == INPUT or edge.target.role == OUTPUT


def _id_of(edge: Edge, links: dict[LinkId, ResolvedLink]) -> LinkId:
    sender, receiver = edge.source.owner or None, edge.target.owner or None
    if edge.target.role == OUTPUT:
        receiver = next(
            (link.id.receiver for link in links.values() if link.port and _same_end(link.port, edge.target)), None
        )
    acts = edge.source.role in (Role.CONTROL_ACTION, Role.PROCESSING_FOR_ACTION)
    kind = LinkKind.CONTROL_ACTION if acts else LinkKind.FEEDBACK
    if sender is None:
        kind = LinkKind.OTHER_INPUT
    elif receiver is None:
        kind = LinkKind.OTHER_OUTPUT
    return LinkId(kind, sender, receiver, edge.source.name)


def _same_end(port: Signal, output: Signal) -> bool:
    return (port.owner, port.name) == (output.owner, output.name)


def inside_differences(intended: SignalGraph, recovered: SignalGraph) -> tuple[list[Edge], list[Edge]]:
    """Return the edges inside controllers that are missing, and those that nobody intended."""
    missing = [edge for edge in intended.edges if not crosses(edge) and not recovered.edge(*edge.key)]
    extra = [edge for edge in recovered.edges if not crosses(edge) and not intended.edge(*edge.key)]
    return missing, extra
