"""What a sweep's run keeps of its result."""

from helpers.archived import job, sweep

from fer_exp.report import sweep_summary
from fer_exp.tracking import artifacts, keys


def test_a_sweep_keeps_its_tables_its_chart_its_best_arm_and_links_to_what_it_reused(store):
    """Of two jobs of each arm, one of which an earlier sweep has trained."""
    earlier = job(store, "flat0", "adhoc", 0.30)
    planned = sweep(store, "adhoc", "deep0", "deep1", "flat0", "flat1")
    for identity, accuracy in (("deep0", 0.40), ("deep1", 0.42), ("flat1", 0.32)):
        job(store, identity, "adhoc", accuracy, parent=planned.id)
    sweep_summary.keep(store, planned.id)
    kept = store.run(planned.id)
    text = kept.fetch(artifacts.COMPARISON).read_text(encoding="utf-8")
    assert "| deep | 2 |" in text
    assert "against deep" in text
    assert kept.fetch(artifacts.intervals_figure("f")).stat().st_size > 1000
    tags = store.record(planned.id).tags
    assert tags[keys.Tag.BEST_ARM].startswith("deep: 74.3 ±")
    link = f"[job flat0](#/experiments/{store.experiment_id}/runs/{earlier.id})"
    assert tags[keys.Tag.NOTE].count("](#/experiments/") == 1
    assert link in tags[keys.Tag.NOTE]
