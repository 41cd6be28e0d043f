"""Who is asking, as the API shows it."""

from __future__ import annotations

import strawberry

from gateway.deployment import Module
from gateway.graph.nodes import Division, WorkProfile, division_node, work_profile_node
from gateway.graph.parts import plain
from gateway.operation import Operation
from gateway.viewer.viewer import ViewerKind


@strawberry.type(description="A permission, and where it is held.")
class Grant:
    permission: str = plain("Such as `journey:event:view`.")
    every_division: bool = plain("Held in every division, also in those to come.")
    divisions: list[Division] = plain("Empty when `everyDivision`.")


@strawberry.type(description="Who is asking, and what they may see.")
class Viewer:
    subject: str = plain("The token's subject, or the key's id.")
    name: str | None = plain("For people.")
    kind: ViewerKind = plain("What kind of caller this is.")
    permissions: list[Grant] = plain("What is granted, and where.")
    work_profiles: list[WorkProfile] = plain("Those that may be chosen by the `X-Work-Profile` header.")
    active_work_profile: WorkProfile | None = plain(
        "The one in force for this request; null when there is none: an AGENT then sees an empty journey, "
        "others are narrowed by divisions alone."
    )
    modules: list[Module] = plain("What the deployment is licensed for.")


def viewer_node(operation: Operation) -> Viewer:
    viewer, deployment = operation.viewer, operation.judge.deployment
    return Viewer(
        subject=viewer.subject,
        name=viewer.name,
        kind=viewer.kind,
        permissions=[
            Grant(
                permission=permission,
                every_division=scope.everywhere,
                divisions=[]
                if scope.everywhere
                else [division_node(operation, name) for name in sorted(scope.divisions)],
            )
            for permission, scope in sorted(viewer.grants.items())
            if scope
        ],
        work_profiles=[
            work_profile_node(operation, deployment.work_profiles[name])
            for name in viewer.profiles
            if name in deployment.work_profiles
        ],
        active_work_profile=None if viewer.active is None else work_profile_node(operation, viewer.active),
        modules=[module for module in Module if module in deployment.modules],
    )
