"""What holds queries against /metrics finds what is wrong with them."""

from pathlib import Path

import pytest

from tests.deploy.queries import exposition


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("rate(shadowproxy_requests[5m])", "no metric is called shadowproxy_requests"),
        ("rate(shadowproxy_requests_count[5m])", "no metric is called"),
        ('process_resident_memory_bytes{job=~"$job"}', "no metric is called"),
        ("rate(http_requests_total[5m])", "http_requests_total is neither"),
        ('shadowproxy_received_total{reason="off"}', "has no label reason"),
        ('shadowproxy_verdicts_total{verdict="equal"}', "verdict of"),
        ('shadowproxy_verdicts_total{verdict=~"match|equal"}', "is never equal"),
        ('shadowproxy_verdicts_total{verdict!="equal"}', "is never equal"),
        ('shadowproxy_verdicts_total{route="search"}', "route of"),
        ('shadowproxy_verdicts_total{route=~"$job"}', "apples"),
        ('shadowproxy_verdicts_total{route="$route"}', "apples"),
        ('shadowproxy_received_total{instance="a:9900"}', "whatever the scrape says"),
        ("sum by (route) (shadowproxy_exchanges_total)", "has no label route"),
        ("sum without (route) (shadowproxy_exchanges_total)", "has no label route"),
        ("sum by (le) (rate(shadowproxy_overhead_seconds_sum[5m]))", "has no label le"),
        ("shadowproxy_in_flight / on (route) shadowproxy_connections", "has no label route"),
        ('shadowproxy_overhead_seconds_bucket{le="0.004"}', "is never 0"),
        ('shadowproxy_process_up{process=~"edge-.+|worker"}', "is never worker"),
    ],
)
def test_what_is_wrong_is_said(query: str, complaint: str, tmp_path: Path) -> None:
    """Unknown metrics, labels, values and words each have their complaint."""
    found = list(exposition(tmp_path).complaints(query))
    assert any(complaint in each for each in found), found


@pytest.mark.parametrize(
    "query",
    [
        "up == 0 and on (job, instance) last_over_time(shadowproxy_build_info[1d])",
        'sum by (job, le) (rate(shadowproxy_overhead_seconds_bucket{job=~"$job"}[5m]))',
        'shadowproxy_backend_requests_total{outcome!~"[1-4]xx",backend="legacy"}',
        'shadowproxy_verdicts_total{route="other"} or shadowproxy_dial{dial="shadow.sample"}',
    ],
)
def test_what_can_be_answered_is_let_pass(query: str, tmp_path: Path) -> None:
    """The scrape's labels, a route of every proxy, expressions, other words than ours."""
    assert list(exposition(tmp_path).complaints(query)) == []
