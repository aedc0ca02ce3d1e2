import pytest
import yaml

from tests.config_support import RIGHT, loaded, mistakes

TEMPLATE = {
    "id": "late",
    "queue_id": "service",
    "variables": ["order"],
    "subject": {"en": "Order {order}", "zh": "订单 {order}"},
    "text": {"en": "{name}: {order} is late.", "zh": "{name}：{order} 会晚到。"},
}


def outreach(*templates: dict) -> str:
    return RIGHT + yaml.safe_dump({"outreach": {"templates": list(templates)}}, allow_unicode=True)


def test_a_right_one():
    (late,) = loaded(outreach(TEMPLATE)).configuration.outreach.templates
    assert (late.id, late.purpose, late.channels) == (
        "late",
        "service",
        ["message", "chat", "mail"],
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": {"en": "{order}"}}, "text: the language zh is missing"),
        ({"text": {"en": "{order}", "zh": "晚到"}}, "text.zh: {order} does not stand in it"),
        ({"text": {"en": "{oder}", "zh": "{order}"}}, "text.en: {oder} is none of the variables"),
        ({"text": {"en": "{order!r}", "zh": "{order}"}}, "text.en: {order!r} is no plain name"),
        ({"text": {"en": "{order.x}", "zh": "{order}"}}, "text.en: {order.x} is no plain name"),
        ({"text": {"en": "{order", "zh": "{order}"}}, "text.en: "),
        ({"subject": {"en": "x"}}, "subject: the language zh is missing, which a mail needs"),
        ({"subject": {"en": "{gone}", "zh": "x"}}, "subject.en: {gone} is none of the variables"),
    ],
)
def test_texts_that_do_not_fit_together(change, told):
    (mistake,) = mistakes(outreach({**TEMPLATE, **change}))
    assert mistake.path == "outreach.templates[0]"
    assert told in str(mistake)


def test_a_message_alone_needs_no_subject():
    change = {"subject": {}, "channels": ["message"]}
    assert mistakes(outreach({**TEMPLATE, **change})) == []


def test_a_queue_that_is_not_there_and_a_name_twice():
    (queue,) = mistakes(outreach({**TEMPLATE, "queue_id": "servic"}))
    assert (queue.path, queue.hint) == ("outreach.templates[0].queue_id", "did you mean service?")
    (twice,) = mistakes(outreach(TEMPLATE, TEMPLATE))
    assert twice.path == "outreach.templates[1].id"
