"""Words that turn a meaning, by language: negations, modality, opposites, number words. Data, and the languages it is known in.

A list is a tripwire, not a judge (dossier, 6.1): it sees the negations that it names. In a language that is not here, changed
text is never passed.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(text.split())


#: Function words by which a language is told. Words of two languages count for both.
FUNCTION_WORDS: dict[str, frozenset[str]] = {
    "en": word_set(
        "the a an and or of to in is are was were be for with on at by from this that it its he she they we you i not never if "
        "as when my your his her their has have had do does will can should must who which than then but into all any"
    ),
    "de": word_set(
        "der die das den dem des ein eine einen einem einer und oder ist sind war waren im in zu zum zur mit auf für von nicht "
        "kein keine nie sich sie er es wir ich ihr du wenn als wie auch aber nur bei nach an aus am dass hat haben wird"
    ),
    "fr": word_set(
        "le la les un une des du de et ou est sont était dans pour avec sur par ne pas jamais que qui il elle nous vous je tu "
        "ce cette ces son sa ses leur au aux si mais plus en à être avoir tous toutes"
    ),
    "es": word_set(
        "el la los las un una unos unas de del y o es son era en para con por no nunca que quien él ella nosotros yo tú se su "
        "sus al si pero más como cuando este esta está lo le todos siempre"
    ),
    "it": word_set(
        "il lo la i gli le un uno una di del della dei e o è sono era in per con da non mai che chi lui lei noi io tu si suo "
        "sua al alla se ma più come quando questo questa nel nella tutti sempre"
    ),
    "pt": word_set(
        "o a os as um uma uns umas de do da dos das e ou é são era em no na para com por não nunca que quem ele ela nós eu se "
        "seu sua ao à mas mais como quando este esta está todos sempre"
    ),
    "nl": word_set(
        "de het een en of is zijn was in op te voor met van niet geen nooit dat die hij zij ze we ik je als maar ook bij naar "
        "aan uit om wordt heeft door dit deze altijd"
    ),
    "pl": word_set("i w na z do nie nigdy jest są to się że o po za od przez dla jak ale czy lub bez jego jej oraz"),
    "ru": word_set("и в на с не ни нет никогда это что как по к из для от он она они мы я вы но или без его её все"),
}
#: The same of languages whose negations are not known, so that they are not taken for those that are.
OTHERS: dict[str, frozenset[str]] = {
    "sv": word_set("och att det som en ett på är av för inte med till den har om men var jag han hon vi de sig från i"),
    "da": word_set("og at det som en et på er af for ikke med til den har om men var jeg han hun vi de sig fra i"),
    "ro": word_set("și nu să pe la cu este sunt mai din că un o de în care pentru ce nici fără dar a fi"),
    "ca": word_set("el la els les un una de del i és són en amb per no que qui al als si però més com quan aquest aquesta"),
    "cs": word_set("a v na se je že s z do o ne by jsem jsou to ale jako za po od pro nebo který při není"),
    "tr": word_set("ve bir bu da de için ile değil çok daha olarak ama gibi her ne kadar var yok mi"),
    "id": word_set("yang dan di ini itu tidak untuk dengan dari jangan akan pada adalah ke saya dia mereka kami bisa juga"),
    "fi": word_set("ja on ei se että en oli mutta kun hän ovat niin tai mitä jos myös älä"),
    "hu": word_set("a az és nem hogy egy is van ez azt meg de csak volt mint ne sem"),
    "uk": word_set("і в на не що з до це як по та від для він вона вони ми я ви але або без його її все у ні"),
}
#: Frequent words of short English notes, which may have no function word.
TELLING = word_set(
    "don't doesn't didn't isn't won't can't use uses used run keep keeps likes like loves prefers prefer avoid always "
    "often every wait waits first last works work lives live wants want needs need makes make takes take goes about "
    "after before between during without within because while where what how why was been being only also more most less "
    "some people time times day days week weeks year years minutes hours name says said owns reviews calls call allergic "
    "favourite favorite"
)
#: The languages whose negations are known. Chinese and Japanese are told by their script.
KNOWN = (*FUNCTION_WORDS, "zh", "ja")

#: Each of these is one negation, as a pattern in lower-case text.
NEGATIONS: dict[str, str] = {
    "en": r"\b(?:not|never|nobody|nothing|nowhere|none|neither|nor|without|cannot|no|avoid(?:s|ed|ing)?|refrain|except|unless"
    r"|lacks?|hardly|fail(?:s|ed)? to)\b|n['’]t\b",
    "de": r"\b(?:nicht|nichts|nie|niemals|niemand(?:en|em)?|nirgends|kein(?:e|en|em|er|es|erlei)?|ohne|weder|vermeide[nt]?"
    r"|außer|unzulässig|kaum)\b",
    "nl": r"\b(?:niet|niets|nooit|niemand|nergens|geen|zonder|noch|verboden|vermijd(?:en|t)?|behalve|tenzij)\b",
    "fr": r"\bne\b|\bn['’]|\b(?:pas|jamais|sans|ni|non|évite[zr]?|éviter|sauf|aucune?)\b",
    "es": r"\b(?:no|nunca|jamás|ni|sin|ningun[oa]?|ningún|nadie|nada|tampoco|evit(?:a|e|ar|en)|salvo|excepto)\b",
    "it": r"\b(?:non|mai|né|senza|nessun[oa]?|niente|nulla|vietat[oaie]|evit(?:a|are|ate|i)|tranne|eccetto)\b",
    "pt": r"\b(?:não|nunca|jamais|nem|sem|nenhuma?|ninguém|nada|evit(?:e|a|ar|em)|proibid[oa]s?|exceto|salvo)\b",
    "pl": r"\b(?:nie|nigdy|bez|żaden|żadn[aeyo]\w*|nikt|nikogo|nic|ani|brak|zakaz\w*|unikaj\w*|oprócz)\b",
    "ru": r"\b(?:не|ни|нет|никогда|нельзя|без|ничего|никто|никого|нигде|запрещен[оаы]?|запрещён|избега\w+|кроме)\b",
    "zh": r"不|没|沒|無|无|别|別|勿|莫|未|禁止|拒绝|拒絕|避免|除非|除了",
    "ja": r"ない|なく|ません|ず(?=に|、|。|$)|なかった|禁止|避け|以外|だめ|ダメ|不可|無し|なし",
}
#: Where several negations in one clause are one negation (no … nunca; ne … pas; не … никогда).
CONCORD = frozenset({"fr", "es", "it", "pt", "pl", "ru"})
#: What only looks like a negation.
NO_NEGATIONS: dict[str, str] = {
    "en": r"\bnot only\b|\bno doubt\b|\bwhy not\b|\bnothing but\b|\bno\. ?(?=\d)|\bwhether or not\b|\bno later than\b"
    r"|\bnot later than\b|\bno (?:more|fewer|less) than\b|\bnot (?:more|less) than\b",
    "de": r"\bnicht nur\b|\bnicht zuletzt\b|\bnichts als\b",
    "fr": r"\bnon seulement\b|\bn['’]est-ce pas\b|\bpas à pas\b",
    "es": r"\bno sólo\b|\bno solo\b|\bsin embargo\b|\bsin duda\b",
    "it": r"\bnon solo\b|\bsenza dubbio\b|\bnon appena\b",
    "pt": r"\bnão só\b|\bsem dúvida\b|\bnão apenas\b|\bno\b",
    "pl": r"\bnie tylko\b",
    "ru": r"\bне только\b",
    "zh": r"不同|不过|不過|不但|不仅|不僅|不断|不斷|不久|不管|不论|不論|差不多|对不起|對不起|非常|无论|無論|未来|未來|别人|別人"
    r"|特别|特別|分别|分別|区别|區別|类别|類別|级别|級別|没关系|沒關係|不少|不错|不錯|要不|是不是|能不能|会不会|會不會",
    "ja": r"かもしれない|かもしれません|しかない|少ない|少なく|危ない|間違いない|に違いない|なければならない|なければなりません"
    r"|なくてはならない|ないといけない|つまらない|もったいない|ではないか|じゃないか|とんでもない|はかない",
}
#: Setting one thing against another: a "not" on the other side may say the same.
CONTRASTS: dict[str, str] = {
    "en": r"\b(?:instead of|rather than|as opposed to|in place of)\b|\bprefer\w*\b[^.;:]{1,60}?\bover\b",
    "de": r"\b(?:statt|anstatt|anstelle|lieber als)\b",
    "fr": r"\b(?:au lieu de|plutôt que)\b",
    "es": r"\b(?:en lugar de|en vez de)\b",
    "it": r"\b(?:invece di|anziché|piuttosto che)\b",
    "pt": r"\b(?:em vez de|ao invés de)\b",
    "nl": r"\bin plaats van\b",
    "pl": r"\bzamiast\b",
    "ru": r"\bвместо\b",
    "zh": r"而是|代替",
    "ja": r"ではなく|代わりに",
}
#: Words of one dimension whose sides exclude one another: (dimension, side, pattern).
MODALITY: dict[str, tuple[tuple[str, str, str], ...]] = {
    "en": (
        ("duty", "must", r"\b(?:must|shall|(?:has|have|had|need|needs) to|required?|requires|obliged|mandatory|compulsory)\b"),
        ("duty", "may", r"\b(?:may|might|optional(?:ly)?|can|could|allowed to|free to|permitted to)\b"),
        ("often", "always", r"\b(?:always|every time|at all times|invariably|without exception|constantly)\b"),
        ("often", "seldom", r"\b(?:sometimes|occasionally|rarely|seldom|at times|now and then|once in a while)\b"),
        ("all", "all", r"\b(?:all|every|each|everyone|everything|everybody|both)\b"),
        ("all", "some", r"\b(?:some|few|several|somebody|someone|something|certain)\b"),
    ),
    "de": (
        ("duty", "must", r"\b(?:muss|müssen|musst|musste|verpflichtet|zwingend|pflicht)\b"),
        ("duty", "may", r"\b(?:darf|dürfen|darfst|kann|können|kannst|optional|freiwillig)\b"),
        ("often", "always", r"\b(?:immer|stets|jederzeit|jedes mal)\b"),
        ("often", "seldom", r"\b(?:manchmal|gelegentlich|selten|ab und zu|mitunter)\b"),
    ),
    "fr": (
        ("duty", "must", r"\b(?:doit|doivent|devez|dois|faut|obligatoire|tenue?s? de)\b"),
        ("duty", "may", r"\b(?:peut|peuvent|pouvez|peux|facultati(?:f|ve)|optionnel(?:le)?)\b"),
        ("often", "always", r"\b(?:toujours|chaque fois|systématiquement)\b"),
        ("often", "seldom", r"\b(?:parfois|rarement|de temps en temps|quelquefois)\b"),
    ),
    "es": (
        ("duty", "must", r"\b(?:debe|deben|debes|tiene que|tienes que|hay que|obligatori[oa])\b"),
        ("duty", "may", r"\b(?:puede|pueden|puedes|opcional|facultativ[oa])\b"),
        ("often", "always", r"\b(?:siempre|cada vez)\b"),
        ("often", "seldom", r"\b(?:a veces|rara vez|raramente|de vez en cuando)\b"),
    ),
    "it": (
        ("duty", "must", r"\b(?:deve|devono|devi|bisogna|obbligatori[oa])\b"),
        ("duty", "may", r"\b(?:può|possono|puoi|facoltativ[oa]|opzionale)\b"),
        ("often", "always", r"\b(?:sempre|ogni volta)\b"),
        ("often", "seldom", r"\b(?:a volte|talvolta|raramente|di rado)\b"),
    ),
    "pt": (
        ("duty", "must", r"\b(?:deve|devem|tem que|tem de|obrigatóri[oa])\b"),
        ("duty", "may", r"\b(?:pode|podem|opcional|facultativ[oa])\b"),
        ("often", "always", r"\b(?:sempre|toda vez)\b"),
        ("often", "seldom", r"\b(?:às vezes|raramente|de vez em quando)\b"),
    ),
}
#: Opposites: each pattern's first group of words is one side, the second the other. The second side of a language's first pair
#: forbids: alone it is one negation.
OPPOSITES: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"allow(?:s|ed|ing)?|permit(?:s|ted)?|let", r"forbid(?:s|den)?|prohibit(?:s|ed)?|disallow(?:s|ed)?|ban(?:s|ned)?"),
        (r"enabl(?:e|es|ed|ing)", r"disabl(?:e|es|ed|ing)"),
        (r"likes?|loves?|enjoys?|liked|loved|fond", r"dislikes?|hates?|loathes?|disliked|hated|detests?"),
        (r"includ(?:e|es|ed|ing)", r"exclud(?:e|es|ed|ing)|omit(?:s|ted)?"),
        (r"accept(?:s|ed)?|approv(?:e|es|ed)", r"reject(?:s|ed)?|refus(?:e|es|ed)|declin(?:e|es|ed)"),
        (r"increas(?:e|es|ed|ing)|raise[sd]?", r"decreas(?:e|es|ed|ing)|reduc(?:e|es|ed|ing)|lower(?:s|ed)?"),
        (r"more", r"less|fewer"),
        (r"before|until", r"after"),
        (r"above|over", r"below|under|beneath"),
        (r"true", r"false"),
        (r"on", r"off"),
        (r"public(?:ly)?", r"private(?:ly)?"),
        (r"add(?:s|ed)?", r"remov(?:e|es|ed)|delet(?:e|es|ed)"),
        (r"safe", r"unsafe|dangerous"),
        (r"maximum|most", r"minimum|least"),
        (r"start(?:s|ed)?|begin", r"stop(?:s|ped)?|end(?:s|ed)?"),
        (r"left", r"right"),
        (r"first", r"last"),
        (r"open(?:s|ed)?", r"clos(?:e|es|ed)|shut"),
        (r"win|won|wins", r"lose|lost|loses"),
        (r"able", r"unable"),
        (r"possible", r"impossible"),
        (r"agree[sd]?", r"disagree[sd]?"),
        (r"buy|buys|bought", r"sell|sells|sold"),
        (r"alive|living", r"dead"),
        (r"married", r"unmarried|divorced|single"),
    ),
    "de": (
        (r"erlaubt|erlauben|darf", r"verboten|verbieten|untersagt"),
        (r"mag|liebt|gern|gerne", r"hasst|ungern"),
        (r"mehr", r"weniger"),
        (r"vor", r"nach"),
        (r"über", r"unter"),
        (r"öffentlich\w*", r"privat\w*"),
        (r"möglich", r"unmöglich"),
    ),
    "fr": (
        (r"permis|autorisée?s?|autorise", r"interdite?s?|interdit"),
        (r"aime|adore|aimer", r"déteste|détester"),
        (r"avant", r"après"),
        (r"plus", r"moins"),
        (r"possible", r"impossible"),
    ),
    "es": (
        (r"permitid[oa]s?|permite", r"prohibid[oa]s?|prohíbe"),
        (r"antes", r"después"),
        (r"más", r"menos"),
        (r"posible", r"imposible"),
    ),
}

#: Words that stand for numbers, where they stand for nothing else ("-": one that does; Italian sei is "you are" too).
NUMBER_WORDS: dict[str, dict[str, str]] = {
    lang: {word: str(number) for number, words in enumerate(names.split(), 2) for word in words.split("|")}
    for lang, names in {
        "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
        "nineteen twenty",
        "de": "zwei|beide drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
        "achtzehn neunzehn zwanzig",
        "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
        "dix-neuf vingt",
        "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
        "diecinueve veinte",
        "it": "due tre quattro cinque - sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette "
        "diciotto diciannove venti",
        "pt": "dois|duas três quatro cinco seis sete oito nove dez onze doze treze catorze|quatorze quinze dezesseis dezessete "
        "dezoito dezenove vinte",
        "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien "
        "negentien twintig",
    }.items()
}
for _lang, _words in (
    (
        "en",
        {
            "hundred": "100",
            "thousand": "1000",
            "million": "1000000",
            "billion": "1000000000",
            "twice": "2",
            "thrice": "3",
            "zero": "0",
        },
    ),
    ("de", {"hundert": "100", "tausend": "1000", "zweimal": "2", "dreimal": "3", "null": "0"}),
    ("fr", {"cent": "100", "mille": "1000", "zéro": "0"}),
    ("es", {"cien": "100", "mil": "1000", "cero": "0"}),
):
    NUMBER_WORDS[_lang].update(_words)

#: Units by what they measure: the first spelling is the one that is compared.
UNITS: dict[str, str] = {
    word: names.split("|")[0]
    for names in (
        "ms|msec|millisecond|milliseconds|millisekunden",
        "µs|us|μs|microseconds",
        "ns|nanoseconds",
        "s|sec|secs|second|seconds|sekunde|sekunden|seconde|secondes|segundo|segundos|secondi",
        "min|mins|minute|minutes|minuten|minuto|minutos|minuti",
        "h|hr|hrs|hour|hours|stunde|stunden|heure|heures|hora|horas|ora|ore|uur",
        "d|day|days|tag|tage|tagen|jour|jours|día|días|dia|dias|giorno|giorni|dag|dagen",
        "week|weeks|woche|wochen|semaine|semaines|semana|semanas|settimana|settimane",
        "month|months|monat|monate|monaten|mois|mes|meses|mese|mesi",
        "year|years|yr|yrs|jahr|jahre|jahren|an|ans|année|années|año|años|ano|anos|anno|anni|jaar",
        "b|byte|bytes", "kb|kilobyte|kilobytes", "mb|megabyte|megabytes", "gb|gigabyte|gigabytes", "tb|terabyte|terabytes",
        "kib", "mib", "gib", "tib", "bit|bits", "kbps", "mbps", "gbps", "hz", "khz", "mhz", "ghz",
        "mm|millimetre|millimetres|millimeter|millimeters", "cm|centimetre|centimetres|centimeter|centimeters",
        "m|metre|metres|meter|meters|mètres|metros|metri", "km|kilometre|kilometres|kilometer|kilometers|kilomètres|kilómetros",
        "inch|inches|in.", "ft|foot|feet", "mile|miles|mi", "mg", "g|gram|grams|gramm|grammes|gramos|grammi",
        "kg|kilo|kilos|kilogram|kilograms", "lb|lbs|pound|pounds", "oz|ounce|ounces", "ml", "cl", "l|litre|litres|liter|liters",
        "%|percent|per cent|prozent|pourcent", "°c|celsius", "°f|fahrenheit", "°|degrees|grad", "kwh",
        "w|watt|watts", "kw", "v|volt|volts",
        "$|usd|dollar|dollars|us$", "€|eur|euro|euros", "£|gbp", "¥|jpy|yen|円", "chf", "sek|crowns|crown|kr",
        "₹|inr", "元|rmb|cny",
        "am|a.m.", "pm|p.m.", "px", "pt", "rpm", "fps", "k", "x|times|mal|fois|veces|volte",
    )
    for word in names.split("|")
}  # fmt: skip

MONTHS: dict[str, int] = {
    word: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner februar märz apr mai jun jul aug sept okt nov dez",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    )
    for number, word in enumerate(names.split(), 1)
}
WEEKDAYS: dict[str, int] = {
    word: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "mondays tuesdays wednesdays thursdays fridays saturdays sundays",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "montags dienstags mittwochs donnerstags freitags samstags sonntags",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "понедельник вторник среда четверг пятница суббота воскресенье",
    )
    for number, word in enumerate(names.split(), 1)
}

#: After a word that begins a sentence, these tell that it is a name (or a noun: it is compared as one either way).
FINITE = word_set(
    "is was has had does did will would can could should must may might isn't wasn't doesn't won't and or owns likes "
    "loves hates prefers lives manages writes reads speaks knows wants has asked said told "
    "wrote met moved married teaches owes approves maintains takes goes comes gets "
    "gives makes helps keeps thinks believes pays buys sells sends enjoys dislikes agreed "
    "decided joined left became started stopped built made went came got gave took paid bought sold sent drove visited"
)
#: Given names that are common where the languages above are spoken: told at the beginning of a sentence, and in German.
GIVEN = word_set(
    "aaron adam adrian aisha alan albert alejandro alex alexander alexandra ali alice alicia amanda amelie amy ana "
    "andrea andreas andrew andy angela anita anja ann anna anne annie antonio arthur barbara beatriz ben benjamin bernd "
    "beth bill birgit bob brian bruno camille carla carlos carmen carol caroline catherine cecilia charles charlotte "
    "chiara chris christian christina christine christopher claire clara claudia clement daniel daniela dave david diana "
    "diego dieter dmitri dominik donald dora edward elena eli elif elisa elizabeth ella ellen emil emily emma eric erik "
    "erika esther eva eve fatima felix fernando fiona florian francesca francesco francois frank franz fred frida "
    "gabriel george gerhard giovanni giulia grace greta hanna hannah hans harry heidi heike helen helena henry hiroshi "
    "hugo ibrahim ines ingrid irene iris isabel isabella ivan jack jakob james jan jana jane janet jason javier jean "
    "jeff jennifer jens jessica jim joan joe johan johann johanna john johnny jonas jonathan jorge jose josef joseph "
    "joshua juan judith jules julia julian julie julien julius jurgen jürgen karen karin karl karla kate katharina "
    "katherine kathrin katja keiko kenji kevin klaus lara lars laura lea lena leo leon leonie lily linda lisa louis "
    "louise lucas lucia lucy luigi luis luisa lukas luke mallory manuel marc marco marcus margaret maria marie mario "
    "marion mark marta martha martin martina mary mateo matteo matthew matthias max maya meera megan mehmet melissa mia "
    "michael michel michelle miguel mike mina miriam mohamed mohammed monica monika nadia nancy naomi natalia natalie "
    "nathan nicolas nicole niklas nina noah nora olga oliver olivia omar oscar pablo paolo patricia patrick paul paula "
    "pedro peggy peter petra philip philipp philippe pierre priya rachel rafael rahul ralf raj ralph rebecca renate "
    "richard rita robert roberto rosa ruth ryan sabine sakura salma samuel sandra sara sarah scott sebastian sergei "
    "sergio silvia simon simone sofia sofie sophia sophie stefan stefanie stephan stephen steve steven susan susanne "
    "sven sybil tanja teo teresa theo thomas tim tina tobias tom tomas trent ulrich ursula uwe valentina vera veronica "
    "victor victoria viktor vincent walter wendy werner wei william wolfgang xavier yara yuki yusuf zoe zeynep"
)
#: Programs whose name before one of their words is a command also outside a code span.
PROGRAMS = (
    "git npm pnpm yarn npx deno uv uvx pip pipx poetry docker podman kubectl helm cargo rustup terraform ansible "
    "brew apt apt-get dnf systemctl journalctl pytest ruff mypy eslint prettier tsc python python3 ruby "
    "bundle rake mvn gradle dotnet cmake bazel curl wget ssh scp rsync chmod chown sudo psql redis-cli aws gcloud az "
    "gh satchel"
)
