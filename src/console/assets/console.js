/*
 * What makes the console nicer. Every page works without it, so nothing here is needed, and nothing is decided here.
 */

// A copy button beside everything that is meant to be copied.
for (const value of document.querySelectorAll('[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${value.dataset.copy}`);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(value.textContent);
      button.textContent = 'Copied';
    } catch {
      // Browsers have no clipboard for pages that came over plain http from another machine.
      getSelection()?.selectAllChildren(value);
      button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2_000);
  });
  value.after(button);
}

// What is typed in secret can be looked at, until it is sent.
for (const field of document.querySelectorAll('[data-show] input[type="password"]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  const show = (isShown) => {
    field.type = isShown ? 'text' : 'password';
    button.textContent = isShown ? 'Hide' : 'Show';
  };
  button.addEventListener('click', () => show(field.type === 'password'));
  field.form.addEventListener('submit', () => show(false));
  const pair = document.createElement('div');
  pair.className = 'hideable';
  field.replaceWith(pair);
  pair.append(field, button);
  show(false);
}

// A button that wakes when the box that it names is ticked; without script the browser asks for the box.
for (const button of document.querySelectorAll('button[data-wakes-with]')) {
  const box = document.getElementById(button.dataset.wakesWith);
  const follow = () => {
    button.disabled = !box.checked;
  };
  box.addEventListener('change', follow);
  // After "Back" the browser ticks boxes again by itself.
  addEventListener('pageshow', follow);
  follow();
}

// A form that was sent is not sent once more by an impatient click.
for (const form of document.querySelectorAll('form[method="post"]')) {
  let sent = false;
  form.addEventListener('submit', (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener('pageshow', () => {
    sent = false;
  });
}
