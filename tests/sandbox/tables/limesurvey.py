"""What LimeSurvey 6.4.2 answers, field by field, written by hand from recorded answers.

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
NUMBER = re.compile(r"\d+")

SURVEY = {
    "sid": int,
    "surveyls_title": str,
    "startdate": (TIME, None),
    "expires": (TIME, None),
    "active": {"Y", "N"},
}
PARTICIPANT = {
    "tid": int,
    "token": str,
    "participant_info": {"firstname": str, "lastname": str, "email": str},
    "attribute_1": str,
    "completed": str,
}
QUESTION = {
    "id": int,
    "question": str,
    "help": str,
    "language": str,
    "qid": int,
    "parent_qid": int,
    "sid": int,
    "type": str,
    "title": str,
    "preg": (str, None),
    "other": {"Y", "N"},
    "mandatory": {"Y", "N"},
    "encrypted": {"Y", "N"},
    "question_order": int,
    "scale_id": int,
    "same_default": int,
    "question_theme_name": str,
    "modulename": (str, None),
    "gid": int,
    "relevance": str,
    "same_script": int,
}
OWN_FIELD = {
    "fieldname": str,
    "sid": int,
    "type": str,
    "gid": {""},
    "qid": {""},
    "aid": {""},
    "title": {""},
    "question": str,
    "group_name": {""},
}
QUESTION_FIELD = {
    "fieldname": str,
    "type": str,
    "sid": int,
    "gid": int,
    "qid": int,
    "aid": str,
    "title": str,
    "question": str,
    "group_name": str,
    "mandatory": str,
    "encrypted": str,
    "hasconditions": str,
    "usedinconditions": str,
    "questionSeq": int,
    "groupSeq": int,
    "relevance": str,
    "grelevance": (str, None),
    "preg": (str, None),
    "other": str,
    "help": str,
}
SUMMARY = {
    "token_count": int,
    "token_invalid": int,
    "token_sent": int,
    "token_opted_out": int,
    "token_completed": int,
    "token_screenout": int,
    "completed_responses": int,
    "incomplete_responses": int,
    "full_responses": int,
}
SCORE = {"", *(str(score) for score in range(11))}
RESPONSE = {
    "id": int,
    "submitdate": (TIME, None),
    "lastpage": int,
    "startlanguage": {"it", "fr", "en"},
    "seed": str,
    "token": str,
    "startdate": TIME,
    "datestamp": TIME,
    "NPS": SCORE,
    "WHY": str,
}
RESPONSE_IN_TEXT = {**RESPONSE, "id": NUMBER, "lastpage": NUMBER}
"""With a null language, numbers are strings."""
