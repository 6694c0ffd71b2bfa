"""What is read out of the words of a LiveKit server."""

from __future__ import annotations

import pytest

from eloquence_pipeline.load.server_watch import is_loopback, parse, server_figures

pytestmark = pytest.mark.unit

TEXT = """\
# TYPE go_sched_gomaxprocs_threads gauge
go_sched_gomaxprocs_threads 2
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total {cpu}
# TYPE livekit_packet_total counter
livekit_packet_total{{direction="incoming",node_id="a",transmission="initial"}} {incoming}
livekit_packet_total{{direction="incoming",node_id="a",transmission="retransmit"}} 5
livekit_packet_total{{direction="outgoing",node_id="a",transmission="initial"}} {incoming}
# TYPE livekit_node_packet_total gauge
livekit_node_packet_total{{node_id="a",type="dropped"}} {dropped}
livekit_node_packet_total{{node_id="a",type="out"}} 77
# TYPE livekit_forward_latency_ns histogram
livekit_forward_latency_ns_bucket{{node_id="a",le="250000"}} {quick}
livekit_forward_latency_ns_bucket{{node_id="a",le="2e+07"}} {on_time}
livekit_forward_latency_ns_bucket{{node_id="a",le="+Inf"}} {incoming}
livekit_forward_latency_ns_sum{{node_id="a"}} 1
livekit_forward_latency_ns_count{{node_id="a"}} {incoming}
"""


def scraped(cpu: float, incoming: int, dropped: int, quick: int, on_time: int) -> dict[str, float]:
    text = TEXT.format(cpu=cpu, incoming=incoming, dropped=dropped, quick=quick, on_time=on_time)
    return parse(text)


def test_counters_are_taken_from_the_beginning_of_the_load() -> None:
    first, last = scraped(10, 1000, 3, 1000, 1000), scraped(15, 3000, 13, 2000, 2900)
    grown = {name: value - first[name] for name, value in last.items()}
    figures = server_figures(
        grown, cores=2, seconds=10, memory_bytes=7, answer_max_ms=3, is_on_this_machine=True
    )
    assert figures.cpu_ratio == pytest.approx(0.5)
    assert (figures.packets_in, figures.packets_out, figures.packets_dropped) == (2000, 2000, 10)
    assert figures.forwarded_late_ratio == pytest.approx(0.05)
    assert figures.forwarded_within_ms is None


def test_the_time_that_a_packet_was_kept_is_the_bound_of_its_bucket() -> None:
    first, last = scraped(0, 0, 0, 0, 0), scraped(1, 1000, 0, 995, 1000)
    grown = {name: value - first[name] for name, value in last.items()}
    figures = server_figures(
        grown, cores=2, seconds=10, memory_bytes=7, answer_max_ms=3, is_on_this_machine=True
    )
    assert figures.forwarded_within_ms == 0.25


def test_a_server_that_does_not_measure_forwarding_has_no_figure_of_it() -> None:
    figures = server_figures(
        {"process_cpu_seconds_total": 1.0},
        cores=4,
        seconds=2,
        memory_bytes=7,
        answer_max_ms=3,
        is_on_this_machine=False,
    )
    assert figures.cpu_ratio == 0.5
    assert figures.forwarded_late_ratio is None
    assert figures.forwarded_within_ms is None


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("ws://127.0.0.1:7880", True),
        ("ws://localhost:7880", True),
        ("http://[::1]:6789/metrics", True),
        ("wss://livekit.example.com", False),
        ("ws://10.0.0.7:7880", False),
    ],
)
def test_this_machine_is_told_from_others(url: str, is_here: bool) -> None:
    assert is_loopback(url) is is_here
