import math
import re
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from server.measures import Measures
from server.metrics import FAMILIES, Buckets, Family, Figure, NodeCollector, new_registry, text_of

TINY = {
    family.name: family
    for family in (
        Family("warmline_gauge", "gauge", "G.", ("queue",)),
        Family("warmline_counter", "counter", "C."),
        Family("warmline_seconds", "histogram", "H."),
    )
}


def text(collector: NodeCollector) -> str:
    registry = new_registry()
    registry.register(collector)
    return text_of(registry).decode()


def test_figures_become_metrics() -> None:
    collector = NodeCollector({**FAMILIES, **TINY})
    collector.add(
        "a",
        lambda: [
            Figure("warmline_gauge", 3, ("support",)),
            Figure("warmline_gauge", 4, ('od"d\n',)),
            Figure("warmline_counter", 7),
            Figure("warmline_seconds", Buckets(((0.03, 2), (0.06, 5), (math.inf, 6)), 1.5)),
        ],
    )
    lines = text(collector).splitlines()
    for line in (
        'warmline_gauge{queue="support"} 3.0',
        'warmline_gauge{queue="od\\"d\\n"} 4.0',
        "warmline_counter_total 7.0",
        'warmline_seconds_bucket{le="0.03"} 2.0',
        'warmline_seconds_bucket{le="+Inf"} 6.0',
        "warmline_seconds_count 6.0",
        "warmline_seconds_sum 1.5",
        'warmline_scrape_failures_total{part="a"} 0.0',
    ):
        assert line in lines


def test_figures_of_two_parts_share_a_family() -> None:
    collector = NodeCollector({**FAMILIES, **TINY})
    for part in ("a", "b"):
        collector.add(part, partial(list, [Figure("warmline_gauge", 1, (part,))]))
    found = text(collector)
    assert found.count("# TYPE warmline_gauge gauge") == 1
    assert found.count("warmline_gauge{") == 2


def test_a_part_that_fails_is_counted_and_hides_no_other() -> None:
    def broken() -> list[Figure]:
        raise RuntimeError("no")

    collector = NodeCollector({**FAMILIES, **TINY})
    collector.add("broken", broken)
    collector.add("whole", lambda: [Figure("warmline_counter", 1)])
    collector.add("wrong", lambda: [Figure("warmline_unheard_of", 1)])
    collector.add("mislabelled", lambda: [Figure("warmline_gauge", 1)])
    with capture_logs() as lines:
        text(collector)
        found = text(collector)
    assert "warmline_counter_total 1.0" in found
    for part, failures in (("broken", 2), ("whole", 0), ("wrong", 2), ("mislabelled", 2)):
        assert f'warmline_scrape_failures_total{{part="{part}"}} {failures}.0' in found
    assert {line["part"] for line in lines} == {"broken", "wrong", "mislabelled"}


def test_a_part_is_read_once() -> None:
    collector = NodeCollector()
    collector.add("a", list)
    with pytest.raises(AssertionError, match="a is read twice"):
        collector.add("a", list)


def test_registering_reads_nothing() -> None:
    asked: list[int] = []

    def source() -> list[Figure]:
        asked.append(1)
        return []

    collector = NodeCollector()
    collector.add("a", source)
    new_registry().register(collector)
    assert not asked


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_a_family_is_named_as_prometheus_wants(family: Family) -> None:
    assert re.fullmatch(r"warmline_[a-z][a-z_]*[a-z]", family.name)
    assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_info_info"))
    assert not re.search(r"_(ms|millis|minutes|hours|kib|mib|percent)(_|$)", family.name)
    assert family.meaning.endswith(".")
    personal = {"caller", "number", "contact", "contact_id", "agent", "uri", "address", "source"}
    assert not personal & set(family.labels)


def test_no_name_stands_for_two_metrics() -> None:
    registry = new_registry()
    Measures(registry)
    observed = {metric.name for metric in registry.collect()}
    assert not observed & FAMILIES.keys()


def test_the_process_itself_is_measured() -> None:
    names = {metric.name for metric in text_string_to_metric_families(text(NodeCollector()))}
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info"} <= names
