#!/usr/bin/env python3
"""Compares what wsframe finds in a capture:

    frames.py tshark CAPTURE WSFRAME   frame by frame with tshark
    frames.py records CAPTURE WSFRAME RECORD...   message by message with the records of wsserve

Prints the number of frames or messages that agree; exit 1 with the first difference.
"""
import json
import subprocess
import sys


def lines(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout.split('\n')[:-1]


def ours(wsframe, capture):
    events = json.loads('\n'.join(lines(wsframe, '-o', 'json', capture)))['events']
    return [(e['packet'], int(e['fin']), e['opcode'], e['length'], e.get('key', ''))
            for e in events if e['event'] == 'frame']


def theirs(capture):
    found = []
    packets = json.loads('\n'.join(lines('tshark', '-r', capture, '-Y', 'websocket', '-T', 'json',
                                         '--no-duplicate-keys')))
    for packet in packets:
        layers = packet['_source']['layers']
        frames = layers['websocket']
        for frame in frames if isinstance(frames, list) else [frames]:
            length = int(frame.get('websocket.payload_length_ext_64',
                                   frame.get('websocket.payload_length_ext_16',
                                             frame['websocket.payload_length'])))
            key = frame.get('websocket.masking_key', '').replace(':', '')
            found.append((int(layers['frame']['frame.number']), int(bool_of(frame['websocket.fin'])),
                          int(frame['websocket.opcode']), length, key))
    return found


def bool_of(text):
    return text in ('1', 'True', 'true')


def messages(text, client):
    """By direction: type and payload of each message."""
    found = {True: [], False: []}
    for line in text:
        record = json.loads(line)
        if record['type'] in ('text', 'binary'):
            found[record['dir'] == client].append(
                (record['type'], record.get('data'), record.get('b64')))
    return found


def compare(what, a, b):
    for i, (one, other) in enumerate(zip(a, b)):
        if one != other:
            sys.exit('%s %d: %r and %r' % (what, i, one, other))
    if len(a) != len(b):
        sys.exit('%d and %d of %s' % (len(a), len(b), what))
    return len(a)


def main():
    mode, capture, wsframe = sys.argv[1:4]
    if mode == 'tshark':
        print(compare('frame', sorted(ours(wsframe, capture)), sorted(theirs(capture))))
        return
    recorded = {True: [], False: []}
    for path in sys.argv[4:]:
        with open(path, encoding='utf-8') as file:
            for side, found in messages(file, 'in').items():
                recorded[side] += found
    captured = messages(lines(wsframe, '-o', 'jsonl', capture), 'out')
    print(sum(compare('message', sorted(map(str, captured[side])), sorted(map(str, recorded[side])))
              for side in (True, False)))


main()
