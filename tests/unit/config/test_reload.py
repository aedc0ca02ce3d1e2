import asyncio
import os
import signal

import pytest

from config.load import load
from config.reload import RUN_TIME_SECTIONS, FileChange, FileWatch, Reloader, ReloadPlan, plan
from config.schema import Configuration
from tests.config_support import ENVIRON, RIGHT, loaded

MORE = RIGHT.replace("queues:\n", '  - id: bob\n    name: Bob\n    extension: "22"\nqueues:\n')


def configuration(text=RIGHT):
    return loaded(text).configuration


def test_every_run_time_section_is_a_section():
    assert set(RUN_TIME_SECTIONS) < set(Configuration.model_fields)


def test_nothing_changed():
    made = plan(configuration(), configuration())
    assert (made.applied, made.needs_restart) == ((), ())
    assert made.configuration == configuration()
    assert made.message == "nothing has changed"


@pytest.mark.parametrize(
    ("old", "new", "applied"),
    [
        ("billing: 4", "billing: 5", ("agents.anna.skills",)),
        ("192.0.2.10", "192.0.2.11", ("trunks.carrier.addresses",)),
        ('["800"]', '["801"]', ("queues.service.numbers",)),
        (
            "    name: Service\n",
            "    name: Other\n    service_level: {target_s: 10}\n    prompts: {music: ~}\n",
            (
                "queues.service.name",
                "queues.service.service_level.target_s",
                "queues.service.prompts.music",
            ),
        ),
        ("http:", "router: {priority_weight_s: 30}\nhttp:", ("router.priority_weight_s",)),
        ("id: carrier", "id: other", ("trunks.carrier (removed)", "trunks.other (added)")),
    ],
)
def test_what_changes_at_run_time(old, new, applied):
    changed = configuration(RIGHT.replace(old, new))
    made = plan(configuration(), changed)
    assert made.applied == applied
    assert made.needs_restart == ()
    assert made.configuration == changed
    assert made.message == "now in force: " + ", ".join(applied)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("pbx.example.org", "other.example.org", "sip.domain"),
        ("transport: udp", "transport: tcp", "sip.listen"),
        ("http:\n", "http:\n  port: 8081\n", "http.port"),
        ("http:\n", "rtp: {port_max: 40000}\nhttp:\n", "rtp.port_max"),
        ("http:\n", "cells: {max: 10}\nhttp:\n", "cells.max"),
        ("http:\n", "analysis: {workers: 2}\nhttp:\n", "analysis.workers"),
        ("http:\n", "node: {name: two}\nhttp:\n", "node.name"),
        ("http:\n", "store: {queue_log: no}\nhttp:\n", "store.queue_log"),
    ],
)
def test_what_waits_for_a_restart_keeps_its_value(old, new, path):
    made = plan(configuration(), configuration(RIGHT.replace(old, new)))
    assert made.applied == ()
    assert made.needs_restart == (path,)
    assert made.configuration == configuration()
    assert made.message == f"in force only after a restart: {path}"


def test_both_at_once():
    changed = configuration(MORE.replace("pbx.example.org", "other.example.org"))
    made = plan(configuration(), changed)
    assert made.applied == ("agents.bob (added)",)
    assert made.needs_restart == ("sip.domain",)
    assert [agent.id for agent in made.configuration.agents] == ["anna", "bob"]
    assert made.configuration.sip.domain == "pbx.example.org"


def test_another_order_is_a_change():
    one = configuration(MORE)
    other = one.model_copy(update={"agents": list(reversed(one.agents))})
    made = plan(one, other)
    assert made.applied == ("agents (order)",)
    assert [agent.id for agent in made.configuration.agents] == ["bob", "anna"]


def test_the_first_and_the_last_of_a_list():
    without = configuration().model_copy(update={"trunks": []})
    assert plan(without, configuration()).applied == ("trunks.carrier (added)",)
    assert plan(configuration(), without).applied == ("trunks.carrier (removed)",)


def test_a_section_that_begins_to_be():
    text = RIGHT.replace(
        "[192.0.2.10]", "[192.0.2.10]\n    digest: {username: x, password: {env: CARRIER}}"
    )
    assert plan(configuration(), configuration(text)).applied == ("trunks.carrier.digest",)


# The watch.


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(RIGHT)
    return file


def replace(path, text):
    """Put another file in its place, as careful editors do; the inode tells the change."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def settled_watch(path):
    watch = FileWatch(path, path.read_bytes())
    assert [watch.look(), watch.look(), watch.look()] == [
        FileChange.UNSETTLED,
        FileChange.NONE,
        FileChange.NONE,
    ]
    return watch


def test_a_change_counts_when_it_has_settled(path):
    watch = settled_watch(path)
    replace(path, MORE)
    assert watch.look() is FileChange.UNSETTLED
    assert watch.look() is FileChange.CHANGED
    assert watch.look() is FileChange.NONE


def test_a_file_that_is_still_being_written_is_waited_for(path):
    watch = settled_watch(path)
    replace(path, MORE[:100])
    assert watch.look() is FileChange.UNSETTLED
    replace(path, MORE[:200])
    assert watch.look() is FileChange.UNSETTLED
    assert watch.look() is FileChange.CHANGED


def test_a_change_between_load_and_watch_is_seen(path):
    watch = FileWatch(path, path.read_bytes())
    replace(path, MORE)
    assert watch.look() is FileChange.UNSETTLED
    assert watch.look() is FileChange.CHANGED


def test_the_same_content_again_is_no_change(path):
    watch = settled_watch(path)
    replace(path, RIGHT)
    assert [watch.look(), watch.look()] == [FileChange.UNSETTLED, FileChange.NONE]


def test_a_file_that_is_gone_for_a_moment_is_no_change(path):
    watch = settled_watch(path)
    path.unlink()
    assert [watch.look(), watch.look()] == [FileChange.NONE, FileChange.NONE]
    replace(path, RIGHT)
    assert [watch.look(), watch.look()] == [FileChange.UNSETTLED, FileChange.NONE]


def test_content_taken_up_otherwise_is_no_change(path):
    watch = settled_watch(path)
    replace(path, MORE)
    watch.took(MORE.encode())
    assert [watch.look(), watch.look()] == [FileChange.UNSETTLED, FileChange.NONE]


# The reloader.


def reloader(path, apply, **options):
    options.setdefault("sighup", False)
    return Reloader(load(path, environ=ENVIRON), apply, environ=ENVIRON, **options)


async def test_a_changed_file_is_taken_up(path):
    plans: list[ReloadPlan] = []
    ours = reloader(path, plans.append)
    replace(path, MORE)
    assert await ours.look() is None
    made = await ours.look()
    assert plans == [made]
    assert made.applied == ("agents.bob (added)",)
    assert ours.in_force is made.configuration
    assert (ours.reloads, ours.refusals) == (1, 0)
    assert await ours.look() is None


async def test_a_file_with_mistakes_changes_nothing(path):
    plans: list[ReloadPlan] = []
    ours = reloader(path, plans.append)
    before = ours.in_force
    replace(path, RIGHT.replace("billing: 4", "billing: 9"))
    assert await ours.reload() is None
    assert plans == []
    assert ours.in_force is before
    assert [mistake.path for mistake in ours.mistakes] == ["agents[0].skills.billing"]
    assert (ours.reloads, ours.refusals) == (0, 1)
    replace(path, MORE)
    assert await ours.reload() is not None
    assert ours.mistakes == ()


async def test_what_waits_for_a_restart_is_remembered_until_it_is_undone(path):
    ours = reloader(path, lambda plan: None)
    replace(path, RIGHT.replace("pbx.example.org", "other.example.org"))
    await ours.reload()
    assert ours.waiting_for_restart == ("sip.domain",)
    await ours.reload()
    assert ours.waiting_for_restart == ("sip.domain",)
    replace(path, RIGHT)
    await ours.reload()
    assert ours.waiting_for_restart == ()


async def test_a_reload_that_was_asked_for_applies_without_a_difference(path):
    plans: list[ReloadPlan] = []
    ours = reloader(path, plans.append)
    await ours.reload()
    assert [made.message for made in plans] == ["nothing has changed"]


async def test_sighup_reloads(path):
    applied = asyncio.Event()
    ours = reloader(path, lambda plan: applied.set(), sighup=True, poll_s=3600.0)
    async with ours:
        replace(path, MORE)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(applied.wait(), 10)
    assert ours.reloads == 1
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_the_watch_notices_by_itself(path):
    applied = asyncio.Event()
    async with reloader(path, lambda plan: applied.set(), poll_s=0.001):
        replace(path, MORE)
        await asyncio.wait_for(applied.wait(), 10)


async def test_a_reload_that_fails_does_not_end_the_watch(path):
    plans: list[ReloadPlan] = []
    first, second = asyncio.Event(), asyncio.Event()

    def apply(made):
        plans.append(made)
        if len(plans) == 1:
            first.set()
            raise RuntimeError("no")
        second.set()

    ours = reloader(path, apply, poll_s=3600.0)
    async with ours:
        ours.ask()
        await asyncio.wait_for(first.wait(), 10)
        ours.ask()
        await asyncio.wait_for(second.wait(), 10)
    assert (len(plans), ours.refusals) == (2, 1)


async def test_leaving_twice_is_harmless(path):
    ours = reloader(path, lambda plan: None)
    async with ours:
        pass
    await ours.__aexit__(None, None, None)
