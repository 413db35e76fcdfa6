"""Teams and who is in them."""

from django.db import transaction

from pipelines_app.access import audit
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Membership, Role, Team, User


@transaction.atomic
def put(team: Team, user: User, *, role: str, actor: str) -> Membership:
    """Give a user a role in a team, or another role than before."""
    before = Membership.objects.filter(team=team, user=user).first()
    _keep_an_admin(team, before, new_role=role)
    membership, _ = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
    change = {"before": before.role if before else None, "after": role}
    audit.record(actor=actor, action="member.put", subject=f"{user} in {team}", team=team, change=change)
    return membership


@transaction.atomic
def remove(membership: Membership, *, actor: str) -> None:
    """Take a user out of a team; raises IllegalMove for its last admin."""
    _keep_an_admin(membership.team, membership, new_role="")
    change = {"before": membership.role, "after": None}
    subject = f"{membership.user} in {membership.team}"
    audit.record(actor=actor, action="member.removed", subject=subject, team=membership.team, change=change)
    membership.delete()


def _keep_an_admin(team: Team, membership: Membership | None, *, new_role: str) -> None:
    if membership is None or membership.role != Role.ADMIN or new_role == Role.ADMIN:
        return
    others = Membership.objects.filter(team=team, role=Role.ADMIN).exclude(pk=membership.pk)
    if not others.exists():
        raise IllegalMove(f"{membership.user} is the last admin of {team}.", todo="Make somebody else admin first.")
