"""Small data sets of our own making, in the published shapes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any


def locomo() -> list[dict[str, Any]]:
    """Two people; evidence written by hand as it is in the real file: two ids in one text, one that names nothing."""
    return [
        {
            "sample_id": "conv-1",
            "conversation": {
                "speaker_a": "Ana",
                "speaker_b": "Bo",
                "session_2_date_time": "9:05 am on 2 June, 2023",
                "session_2": [
                    {"speaker": "Bo", "dia_id": "D2:1", "text": "The kayak leaks.", "blip_caption": "a red kayak"},
                    {"speaker": "Ana", "dia_id": "D2:2", "text": "Patch it with tar."},
                ],
                "session_1_date_time": "1:56 pm on 8 May, 2023",
                "session_1": [
                    {"speaker": "Ana", "dia_id": "D1:1", "text": "Where did you buy the kayak?"},
                    {"speaker": "Bo", "dia_id": "D1:2", "text": "At the harbour, from Lena."},
                ],
                "session_3_date_time": "1:00 pm on 1 July, 2023",
            },
            "qa": [
                {"question": "Where was the kayak bought?", "answer": "harbour", "category": 4, "evidence": ["D1:2"]},
                {"question": "What befell the kayak?", "answer": "leak", "category": 1, "evidence": ["D1:1; D2:1", "D"]},
                {"question": "Who sold a zeppelin?", "category": 5, "evidence": [], "adversarial_answer": "Lena"},
            ],
        }
    ]


def longmemeval() -> list[dict[str, Any]]:
    """One question with an answer, one without; a filler session stands twice."""
    filler = [{"role": "user", "content": "Tell me of tulips."}, {"role": "assistant", "content": "They are flowers."}]
    told = [
        {"role": "user", "content": "My sister lives in Lisbon now.", "has_answer": True},
        {"role": "assistant", "content": "How lovely.", "has_answer": False},
    ]
    base = {
        "question_date": "2023/05/30 (Tue) 10:00",
        "haystack_session_ids": ["fill", "answer_1", "fill"],
        "haystack_dates": ["2023/05/20 (Sat) 02:21", "2023/05/21 (Sun) 09:00", "2023/05/22 (Mon) 09:00"],
        "haystack_sessions": [filler, told, filler],
        "answer_session_ids": ["answer_1"],
    }
    asked = {"question_type": "single-session-user", "answer": "Lisbon"}
    return [
        {"question_id": "q1", "question": "Where does my sister live?", **asked, **base},
        {"question_id": "q2_abs", "question": "Where does my brother live?", **asked, **base},
    ]


def beam(folder: Path, *, name: str = "chat.json", nested: bool = False) -> Path:
    """One chat; sources as numbers, lists of lists and objects; an ability without answers."""
    messages = [
        {
            "role": "user",
            "id": 0,
            "content": "My deadline is in March. ->-> 1,1",
            "time_anchor": "March-15-2024",
            "index": "1,1",
        },
        {"role": "assistant", "id": 1, "content": "Then begin now."},
    ]
    later = [{"role": "user", "id": 2, "content": "The deadline moved to April. ->-> 2,1"}]
    batches: Any = [{"batch_number": 1, "turns": [messages]}, {"batch_number": 2, "turns": [later]}]
    if nested:
        batches = [{"plan-1": batches[:1]}, {"plan-2": batches[1:]}]
    asked = {
        "knowledge_update": [
            {"question": "When is my deadline?", "source_chat_ids": {"original_info": [0], "updated_info": [[2]]}}
        ],
        "abstention": [{"question": "What is my cat called?", "why_unanswerable": "nobody said"}],
        "summarization": [{"question": "Sum it up", "source_chat_ids": [0, 99]}],
    }
    chat = folder / "1"
    (chat / "probing_questions").mkdir(parents=True)
    (chat / name).write_text(json.dumps(batches))
    (chat / "probing_questions" / "probing_questions.json").write_text(json.dumps(asked))
    return folder


def personamem(folder: Path, **changed: str) -> Path:
    """One context; the answer is told after the first question's place."""
    turns = [
        {"role": "system", "content": "Current user persona: likes drums"},
        {"role": "user", "content": "User: I gave up the piano."},
        {"role": "assistant", "content": "Assistant: A pity."},
        {"role": "system", "content": "Current user persona: likes drums"},
        {"role": "user", "content": "User: These days I play the drums."},
    ]
    row = {
        "persona_id": "0",
        "question_id": "q1",
        "question_type": "recall_user_shared_facts",
        "user_question_or_message": "Which music do I play these days?",
        "correct_answer": "(b)",
        "all_options": "['(a) You play the violin.', '(b) You play the drums.', '(c) You play the organ.']",
        "shared_context_id": "c1",
        "end_index_in_shared_context": "5",
    }
    folder.mkdir(exist_ok=True)
    with (folder / "questions_32k.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, row.keys())
        writer.writeheader()
        writer.writerow(row | {"question_id": "q0", "end_index_in_shared_context": "3"})
        writer.writerow(row | changed)
    (folder / "shared_contexts_32k.jsonl").write_text(json.dumps({"c1": turns}) + "\n")
    return folder
