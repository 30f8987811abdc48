"""Users of the stack that deploy/local has deployed, and how they call it."""

import sys
from concurrent.futures import ThreadPoolExecutor

import emulator
from stack import Stack


def welcome(stack):
    emulator.complete(stack)
    return f"""
The notes API is at {stack.url}/notes, and alice@example.org has signed in. Paste:

NOTES='{stack.url}/notes'
TOKEN='{stack.users.token("alice@example.org")}'

curl -i "$NOTES" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{{"title": "Shopping", "content": "2 litres of milk"}}'
curl -i "$NOTES" -H "Authorization: Bearer $TOKEN"
curl -i "$NOTES"

bash deploy/local token bob    another user's token; a token is good for an hour
bash deploy/local down         removes all of this"""


def tokens(stack, names):
    with ThreadPoolExecutor(8) as workers:
        return workers.map(lambda name: stack.users.token(f"{name}@example.org"), names)


if __name__ == "__main__":
    command, stage, *names = sys.argv[1:]
    stack = Stack(stage)
    if command == "welcome":
        print(welcome(stack))
    elif command == "url":
        print(stack.url)
    else:
        print(*tokens(stack, names), sep="\n")
