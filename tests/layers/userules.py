# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules for what uses.py finds: calls, fields, circles."""

import collections

from findings import Finding
from layertable import get_part


def find_definitions(uses, call):
    return {call.definition} if call.definition else uses.definitions.get(call.name, set())


def find_calls(table, uses):
    """Allows “…_get_type()”: the type of a public class is a name rather than code."""
    for call in uses.calls:
        if call.name.endswith("_get_type"):
            continue
        for definition in find_definitions(uses, call):
            if table.is_above(definition, call.file):
                yield Finding("call", call.file, call.name, call.line,
                              f"uses {call.name}() of the layer {table.get_layer(definition)}")


def find_touches(table, uses):
    for touch in uses.touches:
        if not table.may_touch(touch.file, touch.name, touch.definition):
            yield Finding("struct", touch.file, touch.name, touch.line,
                          f"touches fields of {touch.name}, which {touch.definition.name} defines")


def make_graph(table, uses, layer):
    """Returns for each part of a layer the other parts of the layer that its code calls."""
    graph = collections.defaultdict(set)
    for call in uses.calls:
        for definition in find_definitions(uses, call):
            layers = {table.get_layer(call.file), table.get_layer(definition)}
            if layers == {layer} and get_part(call.file) != get_part(definition):
                graph[get_part(call.file)].add(get_part(definition))
    return graph


def reach(graph, start):
    reached, ahead = set(), [start]
    while ahead:
        for part in graph.get(ahead.pop(), ()):
            if part not in reached:
                reached.add(part)
                ahead.append(part)
    return reached


def find_circle(table, uses, layer):
    """Returns the parts of a layer's largest circle: code of each leads to code of all others."""
    graph = make_graph(table, uses, layer)
    reached = {part: reach(graph, part) for part in graph}
    circles = [{other for other in reached[part] if part in reached.get(other, ())}
               for part in reached]
    return max(circles, key=len, default=set())
