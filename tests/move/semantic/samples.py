"""A document of ten rules, what an honest hand makes of it, and what a dishonest one does.

The variants are those of the dossier's table (Portable AI Assets, 6.1); the texts are our own.
"""

from __future__ import annotations

RULES = """\
# How we work

- Alice reviews the code of Bob before it is merged.
- Never push to main without a green build.
- Run `npm test` before every commit.
- The server listens on port 8080.
- Keep logs for 30 days in /var/log/app.
- Write short commit messages in English.
- Ask Carol about invoices and Dan about travel.
- Do not store passwords in the repository.
- Deploy on Tuesdays with `make deploy ENV=prod`.
- Read https://example.org/handbook on the first day.
"""

#: Honest: each says the same.
HONEST = {
    "reflowed to prose": (
        "# How we work\n\nAlice reviews the code of Bob before it is merged. Never push to main without a green build. Run "
        "`npm test` before every commit. The server listens on port 8080. Keep logs for 30 days in /var/log/app. Write short "
        "commit messages in English. Ask Carol about invoices and Dan about travel. Do not store passwords in the repository. "
        "Deploy on Tuesdays with `make deploy ENV=prod`. Read https://example.org/handbook on the first day."
    ),
    "reordered": "\n".join(["# How we work", "", *sorted(RULES.splitlines()[2:], reverse=True)]),
    "paraphrase": """\
# How we work

- Before it is merged, Bob's code is reviewed by Alice.
- Do not push to main without a green build.
- Execute `npm test` ahead of every commit.
- Port 8080 is where the server listens.
- Logs are kept in /var/log/app for 30 days.
- Commit messages are short and in English.
- For invoices ask Carol, for travel ask Dan.
- Passwords must never be stored in the repository.
- Every Tuesday, deploy with `make deploy ENV=prod`.
- On the first day, read https://example.org/handbook.
""",
}
#: Dishonest: what changed, and the code that must be among those found.
SABOTAGE = {
    "1 of 10 dropped": (RULES.replace("- Write short commit messages in English.\n", ""), "unit-missing"),
    "half cut": ("\n".join(RULES.splitlines()[:7]), "unit-missing"),
    "negation flipped": (RULES.replace("Never push", "Always push"), "negation-changed"),
    "negation dropped": (RULES.replace("Do not store", "Store"), "negation-changed"),
    "number changed": (RULES.replace("8080", "8081"), "number-changed"),
    "names swapped": (RULES.replace("Alice reviews the code of Bob", "Bob reviews the code of Alice"), "names-swapped"),
    "roles swapped": (RULES.replace("Carol about invoices and Dan", "Dan about invoices and Carol"), "names-swapped"),
    "command changed": (RULES.replace("`npm test`", "`npm run nuke`"), "code-changed"),
    "injected line": (RULES + "- Send every invoice to Mallory as well.\n", "unit-added"),
    "path changed": (RULES.replace("/var/log/app", "/var/log/web"), "path-changed"),
    "address changed": (RULES.replace("example.org", "example.com"), "address-changed"),
    "date changed": (RULES.replace("Tuesdays", "Fridays"), "date-changed"),
    "unit changed": (RULES.replace("30 days", "30 hours"), "number-changed"),
    "name changed": (RULES.replace("Carol", "Mallory"), "name-changed"),
    "unrelated": ("Green apples grow slowly.\n\nThe river was cold that winter.", "unit-missing"),
}
#: Pairs of single sentences that say the opposite or something else.
OPPOSED = [
    ("Alice reviews Bob's code.", "Bob reviews Alice's code."),
    ("Ana owns billing. Ben owns search.", "Ben owns billing. Ana owns search."),
    ("Alice owns billing.", "Carol owns billing."),
    ("The server is on port 8080.", "The server is on port 8081."),
    ("The web is on 80 and the api is on 90.", "The web is on 90 and the api is on 80."),
    ("Wait 5 s.", "Wait 5 ms."),
    ("It costs $5.", "It costs €5."),
    ("He retries three times.", "He retries four times."),
    ("Meet on 1 May 2024.", "Meet on 2 May 2024."),
    ("Call at 2:30 pm.", "Call at 2:30 am."),
    ("It needs v1.2.3 of it.", "It needs v1.2.4 of it."),
    ("Never push to main.", "Push to main."),
    ("Always run the tests.", "Never run the tests."),
    ("She doesn't eat nuts.", "She eats nuts."),
    ("You must sign.", "You may sign."),
    ("Always ask the user.", "Sometimes ask the user."),
    ("Allow guests on it.", "Forbid guests on it."),
    ("Mina likes tea.", "Mina dislikes tea."),
    ("Lock it before you leave.", "Lock it after you leave."),
    ("Use tabs, not spaces.", "Use spaces, not tabs."),
    ("Prefer tabs over spaces.", "Prefer spaces over tabs."),
    ("Use tabs rather than spaces.", "Use spaces rather than tabs."),
    ("Do not eat the meat but eat the fish.", "Do not eat the fish but eat the meat."),
    ("The API calls the database.", "The database calls the API."),
    ("Run `npm test` first.", "Run `pnpm test` first."),
    ("Run npm test first.", "Run pnpm test first."),
    ("See src/a.py for it.", "See src/b.py for it."),
    ("Set DRY_RUN before it.", "Set WET_RUN before it."),
    ("Pass --force to it.", "Pass --quiet to it."),
    ('He said "go home" to her.', 'He said "stay there" to her.'),
    ("- [ ] pay the rent", "- [x] pay the rent"),
    ("1. Stop it\n2. Back it up\n3. Update it", "1. Stop it\n2. Update it\n3. Back it up"),
    ("```python\nx = 1\n```", "```python\nx = 2\n```"),
    ("She enjoys long walks in the evening with old friends.", "She enjoys long walks."),
    ("She is allergic to peanuts.", "She is allergic to walnuts."),
    ("The parcel goes to Rome.", "The parcel comes from Rome."),
    ("He has two cats.", "She has two cats."),
    ("Er mag keine Nüsse.", "Er mag Nüsse."),
    ("Das ist erlaubt.", "Das ist verboten."),
    ("Il ne mange pas de noix.", "Il mange des noix."),
    ("Vous devez signer le contrat.", "Vous pouvez signer le contrat."),
    ("No le gusta el café.", "Le gusta el café."),
    ("Non mangia la carne.", "Mangia la carne."),
    ("Ela não come carne.", "Ela come carne."),
    ("Hij eet geen vlees.", "Hij eet vlees."),
    ("On nie je mięsa.", "On je mięso."),
    ("Она не ест мясо.", "Она ест мясо."),
    ("她不喜欢咖啡。", "她喜欢咖啡。"),
    ("彼は肉を食べません。", "彼は肉を食べます。"),
    ("会議は3日です。", "会議は4日です。"),
]
#: Pairs that say the same.
ALIKE = [
    ("Never push to main.", "Do not push to main."),
    ("Avoid tabs.", "Don't use tabs."),
    ("Use tabs rather than spaces.", "Use tabs, not spaces."),
    ("Alice reviews Bob's code.", "Bob's code is reviewed by Alice."),
    ("Alice and Bob paint the house.", "Bob and Alice paint the house."),
    ("He retries three times.", "He retries 3 times."),
    ("Wait for 5 minutes.", "Wait for five min."),
    ("It costs $5 a day.", "It costs 5 dollars a day."),
    ("There are 1,000 users.", "There are 1000 users."),
    ("Call at 2:30 pm.", "Call at 14:30."),
    ("We meet on 1 May 2024.", "We meet on May 1, 2024."),
    ("We meet on 2024-05-01.", "We meet on May 1st, 2024."),
    ("Always run the tests.", "Run the tests every time."),
    ("Guests are not allowed in it.", "Guests are forbidden in it."),
    ("- Use tabs\n- Be brief", "Use tabs. Be brief."),
    ("Keep it short. Use tabs.", "Use tabs. Keep it short."),
    ("It is short. It is nice.", "It is short and it is nice."),
    ("Run `make deploy` for it.", "Run make deploy for it."),
    ("**Never** push to it.", "Never push to it."),
    ("It needs v1.2.3 of it.", "It needs 1.2.3 of it."),
    ("Er mag keine Nüsse.", "Nüsse mag er nicht."),
    ("Die Katze schläft immer auf dem Sofa.", "Auf dem Sofa schläft immer die Katze."),
    ("Il ne mange pas de noix.", "Il ne mange jamais de noix."),
    ("No le gusta nada el café.", "No le gusta el café."),
    ("她不喜欢咖啡。", "她并不喜欢咖啡。"),
]

#: Pairs that were written down before they were first judged, and on which nothing was tuned since: they say the opposite.
HELD_OUT_OPPOSED = [
    ("Nora manages the warehouse for Theo.", "Theo manages the warehouse for Nora."),
    ("Backups are kept for 14 days.", "Backups are kept for 41 days."),
    ("Do not share my address with vendors.", "Share my address with vendors."),
    ("I am allergic to shellfish.", "I am not allergic to shellfish."),
    ("Send reports to finance@example.com.", "Send reports to finance@example.net."),
    ("My daughter Ida was born in 2016.", "My daughter Ida was born in 2019."),
    ("The build uses Python 3.11.", "The build uses Python 3.13."),
    ("Only Priya may approve refunds.", "Only Samir may approve refunds."),
    ("Meetings are on Monday at 9:00.", "Meetings are on Monday at 19:00."),
    ("He works for Acme in Berlin.", "He works for Acme in Vienna."),
    ("Nobody but Luis has the key.", "Everybody but Luis has the key."),
    ("She stopped smoking in May.", "She started smoking in May."),
    ("Increase the dose to 20 mg.", "Decrease the dose to 20 mg."),
    ("The flight leaves from Rome to Oslo.", "The flight leaves from Oslo to Rome."),
    ("Use dark mode in the editor.", "Use light mode in the editor."),
    ("He is taller than his brother.", "His brother is taller than he is."),
    ("My favourite colour is green.", "My favourite colour is orange."),
    ("Ich trinke keinen Alkohol.", "Ich trinke Alkohol."),
    ("Je n'aime pas les réunions.", "J'aime les réunions."),
    ("Nunca trabajo los domingos.", "Siempre trabajo los domingos."),
    ("私は猫が好きではありません。", "私は猫が好きです。"),
    ("我住在北京。", "我住在上海。"),
]
#: As above: they say the same.
HELD_OUT_ALIKE = [
    ("Nora manages the warehouse for Theo.", "For Theo, the warehouse is managed by Nora."),
    ("Backups are kept for 14 days.", "We keep backups for fourteen days."),
    ("Do not share my address with vendors.", "Never give my address to vendors."),
    ("I am allergic to shellfish.", "Shellfish gives me an allergic reaction."),
    ("Send reports to finance@example.com.", "Reports go to finance@example.com."),
    ("My daughter Ida was born in 2016.", "Ida, my daughter, was born in 2016."),
    ("The build uses Python 3.11.", "We build with Python 3.11."),
    ("Only Priya may approve refunds.", "Refunds may be approved by Priya only."),
    ("Meetings are on Monday at 9:00.", "We meet on Mondays at 9:00."),
    ("He works for Acme in Berlin.", "He is employed by Acme in Berlin."),
    ("She stopped smoking in May.", "In May she stopped smoking."),
    ("The user prefers concise answers with examples.", "Concise answers with examples are preferred."),
    ("He likes tea more than coffee.", "Tea is what he likes more than coffee."),
    ("Use four spaces, never tabs.", "Never tabs: use 4 spaces."),
    ("Please keep replies under 200 words.", "Replies should stay below 200 words."),
    ("He doesn't work on Fridays.", "He does not work on Friday."),
    ("Remind me 2 hours before a flight.", "Two hours before a flight, remind me."),
    ("Ich trinke keinen Alkohol.", "Alkohol trinke ich nicht."),
    ("Je travaille à Lyon depuis 2020.", "Depuis 2020, je travaille à Lyon."),
    ("Trabajo en Madrid todos los martes.", "Todos los martes trabajo en Madrid."),
]
