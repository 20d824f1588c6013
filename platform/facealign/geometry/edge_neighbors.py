"""Which landmarks come before and after each on its edge."""

from facealign.geometry.schema import Edge, LandmarkSchema


def edge_neighbors(schema: LandmarkSchema) -> tuple[list[int], list[int]]:
    """The landmark before and after each on its first edge; the landmark itself where there is none."""
    before, after = list(range(schema.size)), list(range(schema.size))
    for edge in reversed(schema.edges):
        line = _with_ends(edge)
        for previous, landmark, following in zip(line, line[1:], line[2:], strict=False):
            before[landmark], after[landmark] = previous, following
    return before, after


def _with_ends(edge: Edge) -> tuple[int, ...]:
    """The edge's landmarks, with the neighbor of each end before and behind; an open end is its own."""
    first, last = edge.indices[0], edge.indices[-1]
    return (last, *edge.indices, first) if edge.closed else (first, *edge.indices, last)
