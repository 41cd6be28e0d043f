"""What Live Helper Chat answers, field by field, written by hand from its REST API's description and source."""

from __future__ import annotations

FAILED = {"error": bool, "result": str}
MESSAGE = {
    "id": int,
    "msg": str,
    "meta_msg": str,
    "time": int,
    "chat_id": int,
    "user_id": int,
    "name_support": str,
}
CHAT = {
    "id": int,
    "nick": str,
    "email": str,
    "phone": str,
    "dep_id": int,
    "user_id": int,
    "status": {0, 1, 2},
    "status_sub": {0, 3, 8},
    "time": int,
    "pnd_time": int,
    "cls_time": int,
    "wait_time": int,
    "chat_duration": int,
    "chat_initiator": {0, 1},
    "last_user_msg_time": int,
    "last_op_msg_time": int,
    "country_code": str,
    "session_referrer": str,
    "referrer": str,
    "ip": str,
    "additional_data": str,
    "chat_variables": str,
    "remarks": str,
    "online_user_id": int,
    "gbot_id": int,
    "hash": str,
}
