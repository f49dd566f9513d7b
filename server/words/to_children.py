"""What is said to a child in another way than to a grown-up: in Russian «ты», never «вы».

The child's pages say it by themselves (`http.rendering`): nobody has to choose at the place. What
stands here has a sentence of its own in the catalogue, under the context `child`; whatever does not
is said to children as to everybody. Below 18 it is «ты» throughout, as in the texts beside the
consents for both bands. A page of the child's that says «вы» fails a test.
"""

from __future__ import annotations

from typing import Final

from server.words.speech import C_

TO_CHILDREN: Final = (
    C_("child", "Answer each question: yes or no."),
    C_("child", "Answer yes or no."),
    C_("child", "Answer yes or no: “%(label)s”."),
    C_("child", "Any doubt whether it is us who write? Call and ask."),
    C_("child", "By typing the code you accept the %(rules)s."),
    C_("child", "Check and sign"),
    C_("child", "Check your answer"),
    C_("child", "Choose a number: “%(label)s”."),
    C_("child", "Choose an answer: “%(label)s”."),
    C_("child", "Choose at least one answer: “%(label)s”."),
    C_("child", "Fill in: “%(label)s”."),
    C_("child", "Give a mail address or a mobile number: “%(label)s”."),
    C_("child", "Give a mobile number or a mail address."),
    C_("child", "Give a number: “%(label)s”."),
    C_("child", "Give the date: “%(label)s”."),
    C_("child", "Give the name: “%(label)s”."),
    C_("child", "Go back one page, or open the address from the message you were sent once more."),
    C_(
        "child",
        "Go back one page: what you typed is still there in most browsers. Load the page anew if it is refused again.",
    ),
    C_("child", "Go back, make it shorter and send it again."),
    C_("child", "Go back, mend it and send it again."),
    C_("child", "Go back: what you typed is still there."),
    C_("child", "If it happens again, call or write to us and name the number below."),
    C_("child", "If you call or write to us, name this number:"),
    C_(
        "child",
        "It has changed, or is in another language now. Nothing was signed. Read it and answer once more.",
    ),
    C_("child", "Look among the unwanted mail too."),
    C_("child", "Look through the answers. One code signs them, each as a document of its own."),
    C_("child", "Never tell anybody the code, not even us."),
    C_("child", "Open the newest message you were sent, or ask for a new link."),
    C_("child", "Open the page anew and look again."),
    C_("child", "Open the page anew to see what comes next."),
    C_("child", "Open the page anew to see what was decided."),
    C_("child", "Please check these answers"),
    C_("child", "Press the button: what you typed is sent once more."),
    C_("child", "Read what has changed and answer again."),
    C_("child", "The address leads nowhere, or not for you."),
    C_("child", "The application has moved on since this page was opened."),
    C_(
        "child",
        "The code does not fit. Compare it with the newest message. Attempts left: %(left)s.",
    ),
    C_("child", "The code was valid for 10 minutes. Ask for a new one."),
    C_("child", "The form has changed meanwhile"),
    C_("child", "The text you read is not the text of now, so nothing was signed."),
    C_("child", "There is no such number. Check the digits, it looks like +7 921 000-00-00."),
    C_("child", "This code does not work any more. Ask for a new one."),
    C_("child", "This code is for something else. Ask for a new one."),
    C_("child", "This is not open to you"),
    C_("child", "This is not the text you read"),
    C_("child", "This is our mistake, not yours. Nothing was saved."),
    C_("child", "This is too long for a contact. Write one number or one address."),
    C_(
        "child",
        "This looks neither like a number nor like an address. Write it like +7 921 000-00-00 or name@example.ru.",
    ),
    C_("child", "This was not asked. Open the page anew."),
    C_("child", "This was tried too often. You can try again %(wait)s."),
    C_("child", "A message cannot reach this number. Write a mobile number."),
    C_("child", "Letters by mail are not sent here. Write a mobile number."),
    C_("child", "Messages to phones are not sent here. Write a mail address."),
    C_("child", "Try again where the connection is better."),
    C_("child", "Type the code"),
    C_("child", "Type the code from the message first."),
    C_("child", "Type the code from the newest message."),
    C_("child", "Wait a moment and send it again."),
    C_("child", "What happens when you press the button"),
    C_("child", "What you saw is not what is there now. Nothing was overwritten."),
    C_("child", "What you typed is still here. Look through it once more and send it."),
    C_(
        "child",
        "Without this the school cannot take the child. If you confirm the no, the application ends. No code is needed.",
    ),
    C_("child", "Write a mobile number or a mail address."),
    C_("child", "You need not agree. If you say no, nothing else changes."),
    C_("child", "Your answer so far: no. It counts once the list is confirmed."),
    C_("child", "Your answer so far: yes. It counts once the list is signed."),
    C_("child", "Your page has closed"),
    C_("child", "withdrawn by you"),
    C_(
        "child",
        "A text is longer than %(most)s characters. Go back, what you typed is still there, and make it shorter.",
    ),
    C_(
        "child",
        "There is a character in a text that nobody sees and that cannot be kept. Go back and type the text anew.",
    ),
    C_("child", "“%(label)s”: choose one of the answers that are offered."),
    C_("child", "“%(label)s”: give a date not after %(limit)s."),
    C_("child", "“%(label)s”: give a date not before %(limit)s."),
    C_("child", "“%(label)s”: give a number from %(least)s to %(most)s."),
    C_("child", "“%(label)s”: give a number not greater than %(most)s."),
    C_("child", "“%(label)s”: give a number not less than %(least)s."),
    C_("child", "“%(label)s”: give one answer only."),
    C_(
        "child",
        "“%(label)s”: letters cannot reach this mail address. Check it; it should look like name@example.org.",
    ),
    C_(
        "child",
        "“%(label)s”: messages do not reach this number. Give a mobile number or a mail address.",
    ),
    C_(
        "child",
        "“%(label)s”: there are hidden characters in the text that cannot be stored. Type it again instead of pasting it.",
    ),
    C_(
        "child",
        "“%(label)s”: there is no such date. Write the day, the month and the year, for example 27 3 2013.",
    ),
    C_(
        "child",
        "“%(label)s”: there is no such number. Check the digits; a number of another country begins with + and its code.",
    ),
    C_("child", "“%(label)s”: this date has not come yet. Check the day, the month and the year."),
    C_("child", "“%(label)s”: this date has passed. Give today's date or a later one."),
    C_(
        "child",
        "“%(label)s”: this is neither a mail address nor a telephone number. Write, for example, name@example.org or +7 916 000-00-00.",
    ),
    C_("child", "“%(label)s”: write a number in digits, for example 7 or 3.5."),
    C_("child", "“%(label)s”: write the name in letters, as it stands in the document."),
    C_("child", "The code is six digits. Type them as they stand in the message."),
    C_("child", "You can ask for a new code %(wait)s. What you answered until now stays here."),
    C_(
        "child",
        "To keep what you wrote safe, the page closes after two hours without a touch, and when the child takes the phone.",
    ),
    C_(
        "child",
        "Find your message from the school and open the link in it once more. No message at hand? Open the address from the school’s poster and give the same contact. What was confirmed is saved.",
    ),
)
