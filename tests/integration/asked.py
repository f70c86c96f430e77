"""What Redis is asked: programs send their beats at any time, so that numbers of commands say little."""

from itertools import takewhile

END = "that was all"


def asked_while(redis, action):
    """Each command that came while action() ran, with its arguments; those in scripts, too."""
    with redis.monitor() as monitor:
        action()
        redis.echo(END)
        commands = (told["command"] for told in monitor.listen())
        return list(takewhile(lambda command: END not in command, commands))


def asked_about(redis, what, action):
    """The same, of those that have what in them: their names."""
    return [command.split(" ")[0].upper() for command in asked_while(redis, action)
            if what in command]
