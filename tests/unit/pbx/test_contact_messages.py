import pytest

from domain.contact import ContactTrigger, Disposition
from domain.skill import SkillRequirement
from pbx.contact_messages import closing, queue_request
from tests.flow_scene import Scene


def test_a_request_has_the_queues_skills_and_the_contacts_language_and_priority() -> None:
    scene = Scene(skills={"billing": 3, "tech": 1})
    scene.contact.priority, scene.contact.language = 2, "zh"
    asked = queue_request(scene.contact, scene.queue, waited_s=7.0)
    assert (asked.contact_id, asked.queue_id) == ("c1", "support")
    assert (asked.language, asked.priority, asked.waited_s) == ("zh", 2, 7.0)
    assert asked.requirements == (
        SkillRequirement(skill="billing", proficiency_min=3),
        SkillRequirement(skill="tech", proficiency_min=1),
    )


def test_the_end_is_told_with_its_times() -> None:
    contact = Scene().contact
    contact.queued_s, contact.connected_s, contact.closed_s = 105.0, 112.0, 172.0
    contact.agent_id, contact.disposition = "anna", Disposition.CALLER_ENDED
    told = closing(contact, "487 Gone")
    assert (told.contact_id, told.queue_id, told.agent_id) == ("c1", "support", "anna")
    assert (told.wait_s, told.talk_s) == (7.0, 60.0)
    assert (told.disposition, told.reason) == (Disposition.CALLER_ENDED, "487 Gone")


def test_who_was_never_queued_has_no_wait() -> None:
    contact = Scene().contact
    contact.step(ContactTrigger.CLOSE)
    contact.closed_s, contact.disposition = 103.0, Disposition.ABANDONED_EARLY
    told = closing(contact, "")
    assert (told.wait_s, told.talk_s, told.agent_id) == (None, 0.0, None)


def test_only_a_disposed_contact_has_ended() -> None:
    with pytest.raises(AssertionError):
        closing(Scene().contact, "")
