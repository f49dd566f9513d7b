"""What a refusal says: one row for each kind of error, one sentence for each reason.

Every sentence tells what to do next. The facts of an error fill the named places; what an error
does not carry has no place in its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.kernel import errors
from server.words.speech import N_


@dataclass(frozen=True, slots=True)
class Said:
    """What an error says: the head of the page, what happened, what to do."""

    title: str
    message: str
    advice: str = ""


_HERE_NO_MORE = N_(
    "Go back one page, or open the address from the message you were sent once more."
)
_CALL = N_("If it happens again, call or write to us and name the number below.")

ERRORS: Final[dict[type[errors.MentorSchoolError], Said]] = {
    errors.MentorSchoolError: Said(N_("Something went wrong"), N_("This is our mistake, not yours. Nothing was saved."), _CALL),
    errors.SettingsRefused: Said(N_("Something went wrong"), N_("This is our mistake, not yours. Nothing was saved."), _CALL),
    errors.NotFound: Said(N_("There is no such page"), N_("The address leads nowhere, or not for you."), _HERE_NO_MORE),
    errors.DeadLink: Said(N_("This link does not work now"), N_("Links work for a limited time, and each is meant for one person."), N_("Open the newest message you were sent, or ask for a new link.")),
    errors.NotAllowed: Said(N_("This is not open to you"), N_("Your role does not include this."), N_("Ask the person who manages roles in your organisation.")),
    errors.NotYours: Said(N_("Somebody else decides this"), N_("You see it, but another person must do it."), N_("The list says why beside each row.")),
    errors.ConsentMissing: Said(N_("A consent is missing"), N_("This step waits for the family’s answer."), N_("Send a reminder, or wait for the answer.")),
    errors.SignInNeeded: Said(N_("Please sign in"), N_("This page is open after signing in."), ""),
    errors.Refused: Said(N_("This cannot be taken like that"), N_("Something in what was sent does not fit. Nothing was saved."), N_("Go back, mend it and send it again.")),
    errors.AnswersRefused: Said(N_("Some answers need mending"), N_("Something in the answers does not fit. Nothing was saved."), N_("Go back: what you typed is still there.")),
    errors.DefinitionRefused: Said(N_("This goes beyond what may be changed"), N_("The definition was not taken. Nothing was changed."), N_("Mend the places that are named and send it again.")),
    errors.CodeRefused: Said(N_("The code does not fit"), N_("Type the code from the newest message."), N_("You can ask for a new code.")),
    errors.ContactRefused: Said(N_("We cannot write to this contact"), N_("Give a mobile number or a mail address."), ""),
    errors.Conflict: Said(N_("It has changed meanwhile"), N_("What you saw is not what is there now. Nothing was overwritten."), N_("Open the page anew and look again.")),
    errors.AlreadyDone: Said(N_("It is already done"), N_("Someone was first. Nothing was done twice."), N_("Open the page anew to see what was decided.")),
    errors.TextChanged: Said(N_("The text has changed"), N_("The text you read is not the text of now, so nothing was signed."), N_("Read what has changed and answer again.")),
    errors.StageClosed: Said(N_("This step is closed"), N_("The application has moved on since this page was opened."), N_("Open the page anew to see what comes next.")),
    errors.LimitReached: Said(N_("Too many attempts"), N_("This was tried too often. You can try again %(wait)s."), ""),
    errors.Broken: Said(N_("Something does not fit together"), N_("We stopped here to be safe. Nothing was saved."), _CALL),
}  # fmt: skip

STATUSES: Final[dict[int, Said]] = {
    400: Said(N_("The request was not understood"), N_("Something in it does not fit."), _HERE_NO_MORE),
    401: ERRORS[errors.SignInNeeded],
    403: ERRORS[errors.NotAllowed],
    404: ERRORS[errors.NotFound],
    405: Said(N_("It does not work this way"), N_("This address is not opened like that."), _HERE_NO_MORE),
    408: Said(N_("It took too long"), N_("The connection was too slow and was cut."), N_("Try again where the connection is better.")),
    413: Said(N_("That was too much at once"), N_("What was sent is larger than we take."), N_("Go back, make it shorter and send it again.")),
    414: Said(N_("The address is too long"), N_("Something in it does not fit."), _HERE_NO_MORE),
    415: Said(N_("This kind of content is not taken"), N_("Send what the documentation of this address asks for."), ""),
    429: ERRORS[errors.LimitReached],
    500: ERRORS[errors.MentorSchoolError],
    503: Said(N_("It is busy right now"), N_("Nothing was saved."), N_("Wait a moment and send it again.")),
}  # fmt: skip

# The form of a page that was open too long, with and without a way to send it once more.
# Families come by a link, staff by a password: two ways of saying who should sign in.
NO_FAMILY: Final = Said(N_("Your page has closed"), N_("To keep what you wrote safe, the page closes after two hours without a touch, and when the child takes the phone."), N_("Find your message from the school and open the link in it once more. No message at hand? Open the address from the school’s poster and give the same contact. What was confirmed is saved."))  # fmt: skip
STALE_FORM: Final = Said(N_("The page was open for too long"), N_("For safety a page works for a limited time, so nothing was saved yet."), N_("Press the button: what you typed is sent once more."))  # fmt: skip
STALE_FORM_ELSEWHERE: Final = Said(N_("The page was open for too long"), N_("For safety a page works for a limited time, so nothing was saved yet."), N_("Go back one page: what you typed is still there in most browsers. Load the page anew if it is refused again."))  # fmt: skip

# A name somebody let point to us, or a proxy that was not told ours.
FOREIGN_HOST: Final = Said(N_("This is not our address"), N_("The address in your browser does not belong to this site."), N_("Open it by its right address, or by the link in your message from the school."))  # fmt: skip

REASONS: Final[dict[str, str]] = {
    "contact_empty": N_("Write a mobile number or a mail address."),
    "contact_long": N_("This is too long for a contact. Write one number or one address."),
    "contact_unclear": N_("This looks neither like a number nor like an address. Write it like +7 921 000-00-00 or name@example.ru."),
    "mail_wrong": N_("Something is missing in the address. It looks like name@example.ru."),
    "phone_wrong": N_("There is no such number. Check the digits, it looks like +7 921 000-00-00."),
    "phone_landline": N_("A message cannot reach this number. Write a mobile number."),
    "contact_no_mail": N_("Letters by mail are not sent here. Write a mobile number."),
    "contact_no_phone": N_("Messages to phones are not sent here. Write a mail address."),
    "contact_missing": N_("A contact is missing. Write a mobile number or a mail address."),
    "contact_of_staff": N_("This contact belongs to somebody of the school’s staff. Write the family’s own contact."),
    "contact_of_guardian": N_("This is your own contact. Write the child’s: the child answers alone."),
    "contact_of_the_guardian": N_("This is the parent’s contact. A teenager needs another one: the child answers alone."),
    "contact_in_use": N_("The child uses its own contact already, so you cannot change it here. If the contact is lost, call the school."),
    "contact_of_child": N_("A child answers here by this contact. A parent or guardian needs a contact of their own."),
    "childs_contact_of_staff": N_("This contact belongs to somebody of the school’s staff, so no answers of a child are taken by it. Your parent or the school can send the link to a contact of your own."),
    "childs_contact_of_guardian": N_("This is your parent’s contact, so your answers are not taken by it. Ask the school to send the link to a contact of your own."),
    "of_age": N_("The child is 18 now, so nothing can be signed for it any more: a grown-up applies alone. This is done by telephone: call the school."),
    "code_wrong": N_("The code does not fit. Compare it with the newest message. Attempts left: %(left)s."),
    "code_malformed": N_("The code is six digits. Type them as they stand in the message."),
    "code_spent": N_("This code does not work any more. Ask for a new one."),
    "code_expired": N_("The code was valid for 10 minutes. Ask for a new one."),
    "code_other": N_("This code is for something else. Ask for a new one."),
    "code_needed": N_("Type the code from the message first."),
    "comment_needed": N_("Say in a few words why: the family will read it."),
    "comment_long": N_("The comment is too long: at most %(most)s characters."),
    "outcome_unknown": N_("There is no such decision here. Open the page anew."),
    "reminded_lately": N_("A message went to the family within the last hour. Give them time, or call."),
    "outcome_used_up": N_("This was returned as often as the rules allow. Accept or decline it."),
    "answer_needed": N_("Answer each question: yes or no."),
    "consent_not_asked": N_("This was not asked. Open the page anew."),
    "age_unknown": N_("The date of birth is needed first."),
    "role_unknown": N_("There is no such role. Choose one from the list."),
    "role_needed": N_("Choose a role."),
    "place_needed": N_("Choose the municipality: this role looks on in one only."),
    "scope_foreign": N_("Your own role does not include this, so no token of yours can: %(scopes)s."),
    "no_such_day": N_("There is no such day. Check the day, the month and the year."),
    "scope_unknown": N_("There is no such right for a token. Choose from the list."),
    "scope_missing": N_("Choose at least one right, or the token opens nothing."),
    "token_unnamed": N_("Say what the token is for: by its name you know later which one to revoke."),
    "token_name_taken": N_("There is a token with this name already. Choose another name, or revoke that one first."),
    "role_held": N_("This person holds this role here already."),
    "name_needed": N_("Write the surname and the name."),
    "role_over": N_("This role has ended already."),
    "role_end_far": N_("That day is more than %(years)s years away. Check the year."),
    "role_end_past": N_("The last day is today or later, and not before the role begins. To end it at once, choose “now”."),
    "last_admin": N_("This is the last administrator who can sign in here. Appoint another one first, or nobody could manage roles."),
    "lock_self": N_("You cannot lock yourself out. Ask another administrator."),
    "language_unknown": N_("Choose one of the languages."),
    "not_opened": N_("Open the card first: a decision needs a look."),
    "flagged": N_("There is an answer here that a person should read before deciding."),
    "filled_in_by_you": N_("You filled in the answers yourself, so another person decides."),
    "decided_by_you": N_("You have decided already. Now another person must."),
    "own_family": N_("This concerns your own family, so another person decides."),
    "words_too_long": N_("A text is longer than %(most)s characters. Go back, what you typed is still there, and make it shorter."),
    "words_unseen": N_("There is a character in a text that nobody sees and that cannot be kept. Go back and type the text anew."),
    "too_many_changes": N_("This is more than settings can hold. Go back and take something away."),
    "password_short": N_("Make it at least %(least)s characters long. Several words are good."),
    "password_long": N_("Make it at most %(most)s characters long."),
    "password_same": N_("Use more different characters."),
    "password_digits": N_("Digits alone are guessed first. Add some words."),
    "password_common": N_("This is one of the passwords that are guessed first. Take several words that do not belong together."),
    "password_address": N_("Do not use your address as a password."),
    "password_old_wrong": N_("This is not your password of now. Type it once more, or sign out and choose “Forgot the password?”."),
    "password_unchanged": N_("The new password is the old one. Choose another."),
    "password_differs": N_("The two passwords differ. Type the same one twice."),
    "body_wrong": N_("Something in what was sent does not fit; “problems” says where and why. Nothing was saved."),
    "json_needed": N_("Send the body as JSON, with the header Content-Type: application/json."),
    "key_twice": N_("A key stands twice in one object of the body. Send it once."),
    "parameter_twice": N_("A parameter stands twice in the address. Send it once."),
    "key_malformed": N_("The header Idempotency-Key is 1 to 200 Latin letters, digits or signs, without spaces."),
    "key_reused": N_("This Idempotency-Key was used for another request. Take a new one."),
    "release_same": N_("Nothing is new: this was published before."),
    "changes_or_yaml": N_("Send either “changes” or “yaml”, one of the two."),
    "cursor_wrong": N_("The place in the list (“after”) is not one that was given out. Begin with the first page."),
}  # fmt: skip
